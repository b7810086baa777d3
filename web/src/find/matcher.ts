/**
 * Where a pattern occurs in the texts of a notebook, and what replaces it. Pure.
 *
 * What is typed as plain text is found in linear time. An expression may take for ever, so
 * expressions are matched by `search.ts` in a worker that can be ended.
 */

export interface Pattern {
  readonly query: string;
  readonly isExpression: boolean;
  readonly matchesCase: boolean;
  readonly wholeWords: boolean;
}

export interface Match {
  readonly from: number;
  readonly to: number;
  /** The whole and what the brackets caught, for a replacement. */
  readonly groups: readonly (string | undefined)[];
  readonly named: { readonly [name: string]: string | undefined };
}

export const MATCHES_MOST = 10_000;

const WORD = "[\\p{L}\\p{N}_]";

/** The expression that finds the pattern. Throws `SyntaxError` for one that is none. */
export function expressionOf(pattern: Pattern): RegExp {
  const { query, isExpression, matchesCase, wholeWords } = pattern;
  const source = isExpression ? query : query.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const whole = wholeWords ? `(?<!${WORD})(?:${source})(?!${WORD})` : source;
  return new RegExp(whole, `gmu${matchesCase ? "" : "i"}`);
}

/** The matches in each text, `MATCHES_MOST` in all; matches of nothing do not count. */
export function matchesIn(texts: readonly string[], pattern: Pattern): Match[][] {
  const expression = expressionOf(pattern);
  let left = MATCHES_MOST;
  return texts.map((text) => {
    const found: Match[] = [];
    if (left <= 0) return found;
    for (const match of text.matchAll(expression)) {
      if (match[0] === "") continue;
      const to = match.index + match[0].length;
      found.push({ from: match.index, to, groups: [...match], named: { ...match.groups } });
      left -= 1;
      if (left <= 0) break;
    }
    return found;
  });
}

/** What stands where `match` stood: `$1`, `$<name>`, `$&`, `$$` are filled in for expressions. */
export function replacementOf(match: Match, template: string, isExpression: boolean): string {
  if (!isExpression) return template;
  return template.replace(
    /\$(?:(\$)|(&)|(\d{1,2})|<([^>]*)>)/g,
    (whole, dollar?: string, all?: string, digits?: string, name?: string) => {
      if (dollar) return "$";
      if (all) return match.groups[0] ?? "";
      if (name !== undefined) return match.named[name] ?? "";
      const number = Number(digits);
      return number > 0 && number < match.groups.length ? (match.groups[number] ?? "") : whole;
    },
  );
}
