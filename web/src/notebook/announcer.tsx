/** Says aloud, politely, what happened elsewhere on the page (`announcements.ts`). */

import { useEffect, useState } from "react";
import { useStore } from "../store/use-session";
import { heardOf, NOTHING_HEARD, sentenceBetween } from "./announcements";

export function Announcer() {
  const store = useStore();
  const [words, setWords] = useState("");
  useEffect(() => {
    let heard = heardOf(NOTHING_HEARD, store.getSnapshot());
    return store.subscribe(() => {
      const session = store.getSnapshot();
      const before = heard;
      heard = heardOf(before, session);
      const sentence = sentenceBetween(before, heard, session);
      if (sentence === null) return;
      // The same sentence twice is two events: a text that does not change is not read again.
      setWords((said) => (said === sentence ? `${sentence}\u00a0` : sentence));
    });
  }, [store]);
  return (
    <p className="visually-hidden" role="status" data-announcer="">
      {words}
    </p>
  );
}
