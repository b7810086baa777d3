// Runs before the first paint, so that nobody sees another theme than the chosen one. What
// chooses it, and the rest, is in `src/ui/theme.ts`.
const theme = localStorage.getItem("tailrace.theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
