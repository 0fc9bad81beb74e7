import type { LogLine } from '../api/api-types.ts'
import { followLogs } from '../client/follow-events.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { lastOf } from './platform/last-events.ts'
import { FOLLOW_OPTION, limitOption, PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { tellLines } from './platform/tell-lines.ts'
import { formatMoment, paintFor, plain, type Paint } from './platform/terminal.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLine['level'][]

const options = {
  ...FOLLOW_OPTION,
  variant: { type: 'string', isFlagOnly: true, value: 'NAME', doc: 'only what this variant said' },
  level: {
    type: 'choice',
    isFlagOnly: true,
    values: LEVELS,
    default: 'debug',
    doc: 'only lines that are as serious as this, or more so',
  },
  limit: limitOption(200, 'most lines to begin with'),
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway logs`: what an endpoint, and the processes that served it, said. */
export const logsCommand: Command<typeof options> = {
  usage: '<endpoint> [-f] [--level warn]; with --json and -f a document on each line',
  options,
  async run([endpoint, ...more], given, context) {
    if (endpoint === undefined || more.length > 0) throw new UsageError('name one endpoint: `slipway logs fraud`')
    const { project, variant, level, limit } = given
    const { stdout, env, signal } = context
    const paint = paintFor(stdout, env)
    const isMeant = (line: LogLine) =>
      (variant === undefined || line.variant === variant) && LEVELS.indexOf(line.level) >= LEVELS.indexOf(level)
    return withPlatform(given, context, async ({ client }) => {
      const params = { project, endpoint }
      const last = await lastOf(limit, async (after, most) => {
        const page = await client.call('listLogs', { params, query: { after, limit: most }, signal })
        return { ...page, isFull: page.items.length >= most, items: page.items.filter(isMeant) }
      })
      await tellLines(
        {
          last,
          next: async function* (after) {
            for await (const line of followLogs(client, { ...params, after, signal })) if (isMeant(line)) yield line
          },
          show: (line) => logLine(line, paint),
        },
        given,
        context,
      )
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
