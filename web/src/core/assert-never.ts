/** For the `default` of a `switch` that the compiler has proved complete. */
export function assertNever(value: never): never {
  throw new Error(`not foreseen: ${JSON.stringify(value)}`);
}
