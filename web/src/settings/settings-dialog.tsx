/** The settings, each obeyed as it is changed: there is nothing to confirm. */

import type { ReactNode } from "react";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { keyWords } from "../ui/key-names";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import { bound } from "./bound-keys";
import type { PageSettings } from "./page-settings";
import { changeSettings, useSettings } from "./settings-store";
import { type ShortcutCommand, Shortcuts } from "./shortcuts";
import "./settings.css";

interface SettingsDialogProps {
  /** Whose keys can be changed; none on a page without commands. */
  readonly commands?: readonly ShortcutCommand[];
  readonly onClose: () => void;
}

export function SettingsDialog({ commands = [], onClose }: SettingsDialogProps) {
  const settings = useSettings();
  const keyOf = (commandId: string) => {
    const command = bound(commands, settings.shortcuts).find((each) => each.id === commandId);
    return command?.keys[0] === undefined ? null : keyWords(command.keys[0], "+");
  };
  return (
    <Dialog title="Settings" wide onClose={onClose}>
      <div className="settings">
        <Group title="Look">
          <Choice
            label="Theme"
            value={settings.theme}
            options={[
              ["system", "As the system"],
              ["light", "Light"],
              ["dark", "Dark"],
            ]}
            set={(theme) => changeSettings({ theme })}
          />
          <Size />
          <Flag name="hasLineNumbers" label="Line numbers in cells" />
          <Flag name="wraps" label="Wrap long lines" />
          <Flag name="hasIndentGuides" label="Lines that show the indentation" />
          <Flag name="hasHints" label="First steps below a new notebook" />
        </Group>
        <Group title="Work">
          <Choice
            label="Keys while typing"
            value={settings.keymap}
            options={[
              ["default", "Usual"],
              ["vim", "Vim"],
            ]}
            set={(keymap) => changeSettings({ keymap })}
          />
          <Flag
            name="completesWhileTyping"
            label="Offer names while typing"
            detail="Otherwise after a dot, and when you ask for them."
          />
          <Flag
            name="findsMistakes"
            label="Underline mistakes"
            detail="Names that no cell defines, and what cannot be read as Python."
          />
          <Flag name="formatsOnSave" label="Format code when you save" />
          <Flag name="movesOn" label={`${keyOf("run-next") ?? "A run"} goes on to the next cell`} />
          <Flag
            name="autosaves"
            label="Save files by themselves"
            detail={`Without it, only when you ${press(keyOf("save"))}. Nothing is lost either way: the server records every change.`}
          />
        </Group>
        <Group title="Outputs">
          <Flag
            name="keepsOutputsBeside"
            label="New notebooks keep outputs in a file beside"
            detail="The notebook then holds only what people wrote, which is easy to compare and to merge. Each notebook can be told otherwise."
          />
          <Flag
            name="opensOutputs"
            label="Outputs may load from other sites"
            detail="Maps and charts that fetch their scripts and pictures from the web. An output still sees neither this page nor your files, but it could send away what it shows."
          />
          {settings.opensOutputsOf.length > 0 && !settings.opensOutputs && (
            <p className="setting-note">
              Allowed in {counted(settings.opensOutputsOf.length, "notebook")} already.{" "}
              <Button look="quiet" onClick={() => changeSettings({ opensOutputsOf: [] })}>
                Take it back
              </Button>
            </p>
          )}
        </Group>
        <Group title="Notices">
          <Choice
            label="Tell when a cell ended that ran for"
            value={String(settings.noticeAfterS)}
            options={NOTICES.map(([seconds, words]) => [String(seconds), words])}
            set={(seconds) => changeSettings({ noticeAfterS: Number(seconds) })}
          />
          <label className="setting-flag">
            <input
              type="checkbox"
              checked={settings.hasBrowserNotices}
              onChange={(event) => void setBrowserNotices(event.target.checked)}
            />
            <span>
              Notifications of the browser while this page is not in front
              <small>The browser asks whether they are allowed.</small>
            </span>
          </label>
        </Group>
        {commands.length > 0 && (
          <Group title="Shortcuts">
            <Shortcuts commands={commands} />
          </Group>
        )}
      </div>
    </Dialog>
  );
}

function press(key: string | null): string {
  return key === null ? "save" : `press ${key}`;
}

const NOTICES: readonly (readonly [number, string])[] = [
  [5, "5 seconds"],
  [10, "10 seconds"],
  [30, "30 seconds"],
  [60, "a minute"],
  [300, "5 minutes"],
  [0, "never tell"],
];

async function setBrowserNotices(isWanted: boolean): Promise<void> {
  if (isWanted && (await Notification.requestPermission()) !== "granted") {
    notify({ text: "The browser does not allow notifications of this page", tone: "failure" });
    return;
  }
  changeSettings({ hasBrowserNotices: isWanted });
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="settings-group" aria-label={title}>
      <h3>{title}</h3>
      <div>{children}</div>
    </section>
  );
}

type FlagName = {
  [Name in keyof PageSettings]: PageSettings[Name] extends boolean ? Name : never;
}[keyof PageSettings];

interface FlagProps {
  readonly name: FlagName;
  readonly label: string;
  readonly detail?: string;
}

function Flag({ name, label, detail }: FlagProps) {
  const settings = useSettings();
  return (
    <label className="setting-flag">
      <input
        type="checkbox"
        name={name}
        checked={settings[name]}
        onChange={(event) => changeSettings({ [name]: event.target.checked })}
      />
      <span>
        {label}
        {detail && <small>{detail}</small>}
      </span>
    </label>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly set: (value: T) => void;
}

function Choice<T extends string>({ label, value, options, set }: ChoiceProps<T>) {
  return (
    <label className="setting">
      <span>{label}</span>
      <select
        className="field"
        aria-label={label}
        value={value}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.target.value);
          if (chosen) set(chosen[0]);
        }}
      >
        {!options.some(([option]) => option === value) && <option value={value}>{value}</option>}
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

const SIZES = [10, 11, 12, 13, 14, 15, 16, 18, 20, 24];

function Size() {
  const { fontSize } = useSettings();
  return (
    <Choice
      label="Size of code"
      value={String(fontSize)}
      options={SIZES.map((size) => [String(size), `${size} px`])}
      set={(size) => changeSettings({ fontSize: Number(size) })}
    />
  );
}
