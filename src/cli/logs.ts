import type { LogLine } from '../api/api-types.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { lastOf } from './platform/last-events.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { formatMoment, paintFor, plain, type Paint } from './platform/terminal.ts'

const options = {
  follow: { type: 'boolean', isFlagOnly: true, short: 'f', doc: 'go on with what comes, until it is interrupted' },
  variant: { type: 'string', isFlagOnly: true, value: 'NAME', doc: 'only what this variant said' },
  limit: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    default: 200,
    min: 1,
    max: 1_000_000,
    doc: 'most lines to begin with',
  },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** Longest that the platform holds a question for lines (s). */
const WAIT_S = 25

/** `slipway logs`: what an endpoint, and the processes that served it, said. */
export const logsCommand: Command<typeof options> = {
  usage: '<endpoint> [-f]; with --json and -f a document on each line',
  options,
  async run([endpoint, ...more], given, context) {
    if (endpoint === undefined || more.length > 0) throw new UsageError('name one endpoint: `slipway logs fraud`')
    const { project, variant, limit, json, follow } = given
    const { stdout, env, signal } = context
    const paint = paintFor(stdout, env)
    const params = { project, endpoint }
    const isMeant = (line: LogLine) => variant === undefined || line.variant === variant
    const tell = (line: LogLine) => stdout.write(json ? `${JSON.stringify(line)}\n` : logLine(line, paint))
    return withPlatform(given, context, async ({ client }) => {
      const last = await lastOf(limit, (after, most) =>
        client.call('listLogs', { params, query: { after, limit: most }, signal }),
      )
      const items = last.items.filter(isMeant)
      if (json && !follow) stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
      else for (const line of items) tell(line)
      if (!follow) return EXIT.done
      try {
        for (let { after } = last; ;) {
          const page = await client.call('listLogs', { params, query: { after, wait: WAIT_S, limit: 1000 }, signal })
          for (const line of page.items.filter(isMeant)) tell(line)
          after = page.after
        }
      } catch (error) {
        if (!signal.aborted) throw error
      }
      return EXIT.done
    })
  },
}

function logLine({ atMs, level, variant, source, message, fields }: LogLine, { dim, bad, warn }: Paint): string {
  const paint = level === 'error' ? bad : level === 'warn' ? warn : (text: string) => text
  const more = fields === undefined || Object.keys(fields).length === 0 ? '' : ` ${dim(plain(JSON.stringify(fields)))}`
  const from = variant === undefined ? source : `${variant} ${source}`
  return `${dim(formatMoment(atMs))} ${level.toUpperCase().padEnd(5)} ${dim(plain(from))} ${paint(plain(message))}${more}\n`
}
