import type { AuditEntry } from '../api/resources.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { limitOption, PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { formatMoment, paintFor, table } from './platform/terminal.ts'

const options = {
  principal: { type: 'string', isFlagOnly: true, value: 'KEY', doc: 'only what this key did: default/ci' },
  limit: limitOption(50, 'most lines'),
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway audit`: who did, or was refused to do, what; the last of it below. */
export const auditCommand: Command<typeof options> = {
  usage: '[--principal <key>] [--limit 50] [--project <name>]',
  options,
  async run(positionals, given, context) {
    if (positionals.length > 0) throw new UsageError('audit takes no words')
    const { project, principal, limit, json } = given
    const { stdout, env, signal } = context
    return withPlatform(given, context, async ({ client }) => {
      const entries: AuditEntry[] = []
      let before: number | undefined
      do {
        const query = { principal, before, limit: Math.min(1000, limit - entries.length) }
        const page = await client.call('listAudit', { params: { project }, query, signal })
        entries.push(...page.items)
        before = page.items.length === 0 ? undefined : page.before
      } while (before !== undefined && entries.length < limit)
      const items = entries.toReversed()
      const paint = paintFor(stdout, env)
      if (json) stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
      else
        stdout.write(
          table(
            [
              { title: 'at', text: ({ atMs }) => formatMoment(atMs) },
              { title: 'who', text: (entry) => (entry.principal === '' ? '(nobody)' : entry.principal) },
              { title: 'from', rank: 1, text: ({ peer }) => peer },
              { title: 'action', text: ({ action }) => action },
              { title: 'resource', isElastic: true, text: ({ resource }) => resource },
              {
                title: 'outcome',
                text: ({ outcome, code }) => (code === undefined ? outcome : `${outcome}: ${code}`),
                paint: (text, { outcome }) => (outcome === 'done' ? text : paint.bad(text)),
              },
            ],
            items,
            paint,
          ),
        )
      return EXIT.done
    })
  },
}
