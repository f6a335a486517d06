// What is wrong with the book. Each problem is printed once, in the end.

export class Problems {
  private readonly found = new Set<string>();

  add(where: string, what: string): void {
    this.found.add(`${where}: ${what}`);
  }

  get list(): string[] {
    return [...this.found];
  }
}
