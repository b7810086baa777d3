/** Where a text occurs in names, sources, outputs and plain files below the served folder. */

import { useQuery } from "@tanstack/react-query";
import type { Server } from "../sync/server";
import { Icon } from "../ui/icon";
import { counted } from "../ui/words";
import { type FoundMatch, searchFiles } from "./file-changes";
import { Place, type Places, placeOf } from "./place";

interface SearchProps {
  readonly server: Server;
  readonly query: string;
  readonly places: Places;
}

export function SearchResults({ server, query, places }: SearchProps) {
  const search = useQuery({
    queryKey: ["search", query],
    queryFn: ({ signal }) => searchFiles(server, query, signal),
  });
  if (search.isError) {
    return (
      <p className="home-empty" role="alert">
        The search failed: {search.error.message}
      </p>
    );
  }
  if (!search.data) return <p className="home-note">Searching …</p>;
  const { files, isComplete } = search.data;
  return (
    <>
      <p className="search-count" role="status">
        {files.length === 0 ? "Nothing found." : counted(files.length, "file")}
        {!isComplete && " There may be more: the search was ended early."}
      </p>
      {files.length > 0 && (
        <ul className="files found">
          {files.map((file) => (
            <li key={file.path} data-kind={file.kind} data-path={file.path}>
              <Place
                className="found-file"
                address={placeOf(places, file.kind, file.path)}
                places={places}
              >
                <Icon name={file.kind} />
                <span className="file-name">{file.path}</span>
              </Place>
              {file.matches.map((match, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: matches have no other name
                <p key={at} className="found-line">
                  <span className="found-where">{placeWords(match)}</span>
                  <code>
                    <Marked text={match.text} query={query} />
                  </code>
                </p>
              ))}
              {file.more > 0 && <p className="found-more">and {file.more} more</p>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function placeWords({ where, cell, line }: FoundMatch): string {
  if (cell === null) return `line ${line + 1}`;
  return where === "output" ? `cell ${cell + 1}, output` : `cell ${cell + 1}`;
}

function Marked({ text, query }: { readonly text: string; readonly query: string }) {
  const shown = text.trim();
  const at = shown.toLowerCase().indexOf(query.toLowerCase());
  if (at < 0) return shown;
  return (
    <>
      {shown.slice(0, at)}
      <mark>{shown.slice(at, at + query.length)}</mark>
      {shown.slice(at + query.length)}
    </>
  );
}
