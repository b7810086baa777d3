/** How a column's values lie: bars between the lowest and the highest. Drawn, not read out:
 * the numbers stand beside it in words. */

import type { Histogram } from "./table-source";

const HEIGHT = 24;

export function HistogramBars({ histogram }: { readonly histogram: Histogram }) {
  const { counts } = histogram;
  const most = Math.max(1, ...counts);
  const width = 100 / counts.length;
  return (
    <svg
      className="table-bars"
      viewBox={`0 0 100 ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {counts.map((count, at) => {
        // A few in a bin of a long tail are still there to be seen.
        const height = count === 0 ? 0 : Math.max(1, (count / most) * HEIGHT);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bin is its place
            key={at}
            x={at * width + width * 0.08}
            y={HEIGHT - height}
            width={width * 0.84}
            height={height}
          />
        );
      })}
    </svg>
  );
}
