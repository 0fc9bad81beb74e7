/** Where in the code something failed, as Python and V8 write it. */
const PLACE = /^(?:\s+File "[^"]*", line \d+, in |\s+at |Traceback \(most recent call last\):$)/
/** `ValueError: …` */
const NAME = /^((?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*)(?::|$)/

/**
 * A line of a failure's trace without what may be a caller's: places and the error's name stay, its words and all else go.
 * @returns undefined where nothing is left
 */
export function discreetTrace(line: string): string | undefined {
  if (PLACE.test(line)) return line
  const name = NAME.exec(line)?.[1]
  return name === undefined ? undefined : `${name}: not shown, it may hold values that are redacted`
}
