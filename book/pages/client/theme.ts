// Light or dark: the system's choice, until the reader presses the button.

export function startTheme(): void {
  const button = document.querySelector<HTMLButtonElement>('.theme');
  if (!button) return;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen === undefined ? system.matches : chosen === 'dark';
  };
  const show = () => button.setAttribute('aria-pressed', String(isDark()));
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    remember(theme);
    show();
  });
  system.addEventListener('change', show);
  show();
}

/** Some browsers forbid a page from file: to store anything. */
function remember(theme: string): void {
  try {
    localStorage.setItem('theme', theme);
  } catch {
    // The choice then holds for this page only.
  }
}
