import type { Followed } from '../../api/api-types.ts'
import type { CommandContext } from '../command.ts'

export interface Lines<T> {
  /** What has been said, oldest first. */
  readonly last: Followed<T>
  /** What comes after it, without an end. @param after what `last` ended with */
  readonly next: (after: number) => AsyncIterable<T>
  /** A line for people, with its end. */
  readonly show: (item: T) => string
}

/**
 * Prints what has been said, and goes on with what comes until it is interrupted, where that is wished: as text, as one JSON
 * document, or as one on each line where there is no end of them.
 */
export async function tellLines<T>(
  { last, next, show }: Lines<T>,
  { json, follow }: { readonly json: boolean; readonly follow: boolean },
  { stdout, signal }: CommandContext,
): Promise<void> {
  if (json && !follow) {
    stdout.write(`${JSON.stringify({ items: last.items }, null, 2)}\n`)
    return
  }
  const tell = (item: T) => stdout.write(json ? `${JSON.stringify(item)}\n` : show(item))
  for (const item of last.items) tell(item)
  if (!follow) return
  try {
    for await (const item of next(last.after)) tell(item)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
