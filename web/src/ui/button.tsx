import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Icon, type IconName } from "./icon";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly icon?: IconName;
  /** The accessible name, and the tooltip, of a button that shows only its icon. */
  readonly label?: string;
  readonly look?: "plain" | "primary" | "quiet" | "danger";
  readonly children?: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ icon, label, look = "plain", children, title, ...rest }: ButtonProps) {
  const square = icon !== undefined && children === undefined;
  return (
    <button
      type="button"
      {...rest}
      className={rest.className ? `button ${rest.className}` : "button"}
      data-look={look}
      data-square={square ? "" : undefined}
      aria-label={label}
      title={title ?? (square ? label : undefined)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
