// The contents: Escape, and a click elsewhere, close them.

export function startContents(): void {
  const details = document.querySelector<HTMLDetailsElement>('.contents');
  if (!details) return;
  details.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !details.open) return;
    details.open = false;
    details.querySelector('summary')?.focus();
  });
  document.addEventListener('click', (event) => {
    if (!details.contains(event.target as Node)) details.open = false;
  });
  details.addEventListener('focusout', (event) => {
    const to = event.relatedTarget as Node | null;
    if (to && !details.contains(to)) details.open = false;
  });
}
