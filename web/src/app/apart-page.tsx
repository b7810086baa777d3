/** What a page hosted apart shows until it has a server that lets it in. */

import { type FormEvent, useCallback, useEffect, useState } from "react";
import { messageOf } from "../core/message-of";
import { Server, ServerError, Unreachable } from "../sync/server";
import { Button } from "../ui/button";
import { Mark } from "../ui/icon";
import {
  chooseServer,
  findSite,
  forgetLogin,
  logIn,
  type Site,
  serverAddress,
  serverApart,
} from "./apart";
import { App } from "./app";

type State =
  | { readonly kind: "looking" }
  | { readonly kind: "choosing"; readonly problem: string }
  | { readonly kind: "refused"; readonly server: Server; readonly problem: string }
  | { readonly kind: "logging-in"; readonly server: Server }
  | { readonly kind: "in" };

export function ApartPage() {
  const [state, setState] = useState<State>({ kind: "looking" });
  const [site, setSite] = useState<Site | null>(null);

  const enter = useCallback(async (address: URL | null) => {
    if (!address) {
      setState({ kind: "choosing", problem: "" });
      return;
    }
    const server = serverApart(address);
    try {
      await server.me();
      Server.use(server);
      setState({ kind: "in" });
    } catch (reason) {
      if (reason instanceof ServerError && reason.status === 401) {
        forgetLogin(server.base);
        setState({ kind: "logging-in", server });
      } else setState({ kind: "refused", server, problem: await whyNot(server, reason) });
    }
  }, []);

  useEffect(() => {
    findSite().then(
      (found) => {
        setSite(found);
        return enter(found.server);
      },
      (reason: unknown) => setState({ kind: "choosing", problem: messageOf(reason) }),
    );
  }, [enter]);

  const choose = site?.mayChoose
    ? () => {
        chooseServer(null);
        setState({ kind: "choosing", problem: "" });
      }
    : null;

  switch (state.kind) {
    case "in":
      return <App />;
    case "looking":
      return null;
    case "choosing":
      return (
        <ServerForm
          problem={state.problem}
          onChosen={(server) => {
            chooseServer(server);
            void enter(server);
          }}
        />
      );
    case "refused":
      return (
        <Sheet title={`No way to ${state.server.base.host}`}>
          <p role="alert">{state.problem}</p>
          <div className="dialog-actions">
            {choose && (
              <Button look="quiet" onClick={choose}>
                Another server
              </Button>
            )}
            <Button look="primary" onClick={() => void enter(state.server.base)}>
              Try again
            </Button>
          </div>
        </Sheet>
      );
    case "logging-in":
      return (
        <LoginForm
          server={state.server}
          onIn={() => void enter(state.server.base)}
          onOther={choose}
        />
      );
  }
}

/** A browser tells a page nothing of why it may not read; a file that everybody may read does. */
async function whyNot(server: Server, reason: unknown): Promise<string> {
  if (!(reason instanceof Unreachable)) return messageOf(reason);
  try {
    await fetch(new URL("favicon.svg", server.base), { cache: "no-store", credentials: "omit" });
  } catch {
    return `The server ${server.base.href} cannot be reached.`;
  }
  return `The server ${server.base.href} is there, but does not let pages of ${location.origin} in. Its setting page_origins has to name this origin.`;
}

function ServerForm(props: { problem: string; onChosen: (server: URL) => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(props.problem);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const server = serverAddress(text);
    if (server) props.onChosen(server);
    else setProblem("That is no address such as https://notebooks.example.org/");
  };
  return (
    <Sheet title="Which server?">
      <form onSubmit={submit}>
        <p>This page shows notebooks that a Tailrace server runs. Where is it?</p>
        <label>
          The server's address
          <input
            className="field"
            type="text"
            inputMode="url"
            placeholder="https://notebooks.example.org/"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        {problem !== "" && (
          <p className="field-problem" role="alert">
            {problem}
          </p>
        )}
        <div className="dialog-actions">
          <Button type="submit" look="primary" disabled={text.trim() === ""}>
            Go there
          </Button>
        </div>
      </form>
    </Sheet>
  );
}

interface LoginProps {
  readonly server: Server;
  readonly onIn: () => void;
  readonly onOther: (() => void) | null;
}

function LoginForm({ server, onIn, onOther }: LoginProps) {
  const [text, setText] = useState("");
  const [isKept, setKept] = useState(false);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await logIn(server, text, isKept);
      onIn();
    } catch (reason) {
      setProblem(messageOf(reason));
      setBusy(false);
    }
  }
  return (
    <Sheet title={`Log in to ${server.base.host}`}>
      <form onSubmit={(event) => void submit(event)}>
        <p>
          Give the token that the server was started with, or the address that{" "}
          <code>tailrace url</code> prints on its machine.
        </p>
        <label>
          Token or address
          <input
            className="field"
            type="password"
            autoComplete="current-password"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <label className="apart-kept">
          <input
            type="checkbox"
            checked={isKept}
            onChange={(event) => setKept(event.target.checked)}
          />
          Stay logged in on this computer
        </label>
        {problem !== "" && (
          <p className="field-problem" role="alert">
            {problem}
          </p>
        )}
        <div className="dialog-actions">
          {onOther && (
            <Button look="quiet" onClick={onOther}>
              Another server
            </Button>
          )}
          <Button type="submit" look="primary" disabled={isBusy || text.trim() === ""}>
            Log in
          </Button>
        </div>
      </form>
    </Sheet>
  );
}

function Sheet({
  title,
  children,
}: {
  readonly title: string;
  readonly children: React.ReactNode;
}) {
  return (
    <main id="content" className="apart">
      <h1>
        <Mark /> {title}
      </h1>
      {children}
    </main>
  );
}
