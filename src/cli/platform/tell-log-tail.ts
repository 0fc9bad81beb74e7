import type { ServingError } from '../../core/errors.ts'
import type { CommandContext } from '../command.ts'
import { paintFor, plain } from './terminal.ts'

/** The last lines of the process that failed, where an error has them: they stand before what is said of it. */
export function tellLogTail({ details: { logTail } }: ServingError, { stderr, env }: CommandContext): void {
  const { dim } = paintFor(stderr, env)
  if (Array.isArray(logTail)) for (const line of logTail) stderr.write(`${dim(`  | ${plain(String(line))}`)}\n`)
}
