/** The page's drawings: 16 units square, one stroke, in the colour of the text around them. */

const SHAPES = {
  run: (
    <path data-fill="" d="M5 3.2v9.6c0 .5.5.8.9.5l7-4.8a.6.6 0 0 0 0-1l-7-4.8a.6.6 0 0 0-.9.5Z" />
  ),
  runAll: (
    <path
      data-fill=""
      d="M2 4v8c0 .5.5.7.9.5L8 9v3c0 .5.5.7.9.5l5.6-4a.6.6 0 0 0 0-1l-5.6-4c-.4-.2-.9 0-.9.5v3L2.9 3.5c-.4-.2-.9 0-.9.5Z"
    />
  ),
  stop: <rect data-fill="" x="4" y="4" width="8" height="8" rx="1.2" />,
  restart: <path d="M12.8 6.2A5.2 5.2 0 1 0 13.2 8M13 2.8v3.6H9.4" />,
  plus: <path d="M8 3v10M3 8h10" />,
  more: (
    <>
      <circle data-fill="" cx="3.5" cy="8" r="1.2" />
      <circle data-fill="" cx="8" cy="8" r="1.2" />
      <circle data-fill="" cx="12.5" cy="8" r="1.2" />
    </>
  ),
  grip: (
    <>
      <circle data-fill="" cx="6" cy="3.5" r="1.1" />
      <circle data-fill="" cx="10" cy="3.5" r="1.1" />
      <circle data-fill="" cx="6" cy="8" r="1.1" />
      <circle data-fill="" cx="10" cy="8" r="1.1" />
      <circle data-fill="" cx="6" cy="12.5" r="1.1" />
      <circle data-fill="" cx="10" cy="12.5" r="1.1" />
    </>
  ),
  down: <path d="m4 6 4 4 4-4" />,
  up: <path d="m4 10 4-4 4 4" />,
  right: <path d="m6 4 4 4-4 4" />,
  folder: (
    <path d="M2 4.5c0-.6.4-1 1-1h3.2l1.6 1.8H13c.6 0 1 .4 1 1v5.7c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1v-7.5Z" />
  ),
  notebook: (
    <path d="M4.5 2.5h7c.8 0 1.5.7 1.5 1.5v8c0 .8-.7 1.5-1.5 1.5h-7c-.8 0-1.5-.7-1.5-1.5V4c0-.8.7-1.5 1.5-1.5ZM5.8 2.6v10.8M8 5.7h2.8M8 8h2.8" />
  ),
  file: <path d="M9 2.5H5c-.6 0-1 .4-1 1v9c0 .6.4 1 1 1h6c.6 0 1-.4 1-1v-7l-3-3Zm0 0v3h3" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.7" />
      <path d="M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M3.6 12.4l1-1M11.4 4.6l1-1" />
    </>
  ),
  moon: <path d="M13 9.4A5.3 5.3 0 0 1 6.6 3a5.3 5.3 0 1 0 6.4 6.4Z" />,
  system: <path d="M2.5 3.5h11v7h-11zM6 13h4M8 10.5V13" />,
  keyboard: <path d="M2 4.5h12v7H2zM4.5 7h0M7 7h0M9.5 7h0M12 7h0M5 9.3h6" />,
  copy: <path d="M5.5 5.5h7v7h-7zM10.5 5.5v-2h-7v7h2" />,
  download: <path d="M8 2.5v7.2M4.8 7 8 10.2 11.2 7M3 13h10" />,
  upload: <path d="M8 10.2V3M4.8 5.7 8 2.5l3.2 3.2M3 13h10" />,
  search: <path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3l3.2 3.2" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  trash: <path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9" />,
  check: <path d="m3.5 8.5 3 3 6-7" />,
  warning: <path d="M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.3h0" />,
  expand: <path d="M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-4.6 4.6M2.5 13.5l4.6-4.6" />,
  contents: <path d="M3 4h10M5.5 8h7.5M5.5 12h7.5M2.8 8h0M2.8 12h0" />,
  variables: (
    <path d="M5 2.8c-2 0-1.8 1.7-1.8 3 0 1.2-.2 2.2-1.4 2.2 1.2 0 1.4 1 1.4 2.2 0 1.3-.2 3 1.8 3M11 2.8c2 0 1.8 1.7 1.8 3 0 1.2.2 2.2 1.4 2.2-1.2 0-1.4 1-1.4 2.2 0 1.3.2 3-1.8 3M6.3 6.3l3.4 3.4M9.7 6.3 6.3 9.7" />
  ),
  history: <path d="M3.1 6.3A5.3 5.3 0 1 1 2.7 8.4M3 2.9v3.5h3.5M8 5.2V8l2.1 1.5" />,
  chip: (
    <path d="M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14" />
  ),
  bug: (
    <path d="M5.2 6.2h5.6v4.3a2.8 2.8 0 0 1-5.6 0V6.2ZM6 6.2V5a2 2 0 0 1 4 0v1.2M2.5 8.8h2.7M10.8 8.8h2.7M3 4.8l2.2 1.7M13 4.8l-2.2 1.7M3 13l2.3-1.8M13 13l-2.3-1.8" />
  ),
  stepOver: (
    <>
      <path d="M2.5 8.5a5.5 5.5 0 0 1 10.6-2M13.5 3v3.6H9.9" />
      <circle data-fill="" cx="8" cy="12" r="1.5" />
    </>
  ),
  stepIn: (
    <>
      <path d="M8 2v7M5 6.2 8 9.2l3-3" />
      <circle data-fill="" cx="8" cy="12.5" r="1.5" />
    </>
  ),
  stepOut: (
    <>
      <path d="M8 9.2v-7M5 5.2 8 2.2l3 3" />
      <circle data-fill="" cx="8" cy="12.5" r="1.5" />
    </>
  ),
  panel: <path d="M2.5 3.5h11v9h-11zM10 3.5v9" />,
  command: <path d="m3 4.5 3.5 3.5L3 11.5M8 12h5" />,
  settings: <path d="M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 11.5h2M7.5 11.5h6M6 10v3M2.5 8h8" />,
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {SHAPES[name]}
    </svg>
  );
}

/** Our mark: water leaving a wheel. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d="M3 7.5h7.2a5.3 5.3 0 0 1 5.3 5.3v.4c0 2 1.6 3.3 3.3 3.3H21"
        fill="none"
        stroke="currentcolor"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <path
        d="M3 12.8h3.4a4 4 0 0 1 4 4c0 1 .3 1.9.8 2.7"
        fill="none"
        stroke="currentcolor"
        strokeWidth="2.6"
        strokeLinecap="round"
        opacity=".5"
      />
    </svg>
  );
}
