import { Menu } from "./menu";
import { setTheme, useDark, useTheme } from "./theme";

export function ThemeMenu() {
  const theme = useTheme();
  const isDark = useDark();
  const tick = (value: string) => (theme === value ? { shortcut: "✓" } : {});
  return (
    <Menu
      label="Theme"
      icon={isDark ? "moon" : "sun"}
      entries={() => [
        { label: "Light", icon: "sun", run: () => setTheme("light"), ...tick("light") },
        { label: "Dark", icon: "moon", run: () => setTheme("dark"), ...tick("dark") },
        {
          label: "As the system",
          icon: "system",
          run: () => setTheme("system"),
          ...tick("system"),
        },
      ]}
    />
  );
}
