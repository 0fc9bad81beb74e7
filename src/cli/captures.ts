import { open, type FileHandle } from 'node:fs/promises'
import type { CaptureRecord } from '../api/api-types.ts'
import type { Client } from '../client/client.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { FOLLOW_OPTION, limitOption, PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { tellLines } from './platform/tell-lines.ts'
import { formatMoment, paintFor, plain } from './platform/terminal.ts'
import { pause } from './platform/watch.ts'

const options = {
  ...FOLLOW_OPTION,
  variant: { type: 'string', isFlagOnly: true, value: 'NAME', doc: 'only what this variant answered' },
  limit: limitOption(50, 'most of them to begin with, the last ones'),
  out: {
    type: 'string',
    isFlagOnly: true,
    value: 'PATH',
    doc: 'new file that they are written to whole, as JSON lines, the oldest first',
  },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** Pause between looks at what has come (ms). */
const LOOK_MS = 1000

/** For so long a capture may come to light after one that is younger (ms): processes write to files of their own. */
const LATE_MS = 300_000

/** Most that one request is answered with. */
const PAGE = 1000

/** `slipway captures`: requests that an endpoint kept with their answers; they are shown, taken home, or followed. */
export const capturesCommand: Command<typeof options> = {
  usage: '<endpoint> [<id>] [-f] [--out <file>]; whole with --json, with an id, or with --out',
  options,
  async run([endpoint, id, ...more], given, context) {
    if (endpoint === undefined || more.length > 0)
      throw new UsageError('name one endpoint, and one of its captures to see it whole: `slipway captures fraud`')
    const { project, variant, limit, out, json, follow } = given
    if (id !== undefined && (follow || out !== undefined))
      throw new UsageError('one capture is printed alone: leave out -f and --out')
    if (out !== undefined && follow) throw new UsageError('say -f or --out')
    const { stdout, stderr, env, signal } = context
    return withPlatform(given, context, async ({ client }) => {
      const params = { project, endpoint }
      const whole = (capture: string) => client.call('getCapture', { params: { ...params, capture }, signal })
      if (id !== undefined) {
        stdout.write(`${JSON.stringify(await whole(id), null, 2)}\n`)
        return EXIT.done
      }
      // what is not shown is known all the same to whoever follows
      const most = follow ? Math.max(limit, PAGE) : limit
      const known = await lastCaptures(client, { ...params, variant, limit: most, signal })
      const found = known.slice(-limit)
      if (out !== undefined) {
        const count = await writeAll(out, found, whole)
        if (json) stdout.write(`${JSON.stringify({ out, count })}\n`)
        else stderr.write(`${out}: ${count} request${count === 1 ? '' : 's'}\n`)
        return EXIT.done
      }
      if (found.length === 0 && !json) stderr.write(await whyNone(client, project, endpoint, signal))
      const { dim } = paintFor(stdout, env)
      const items = json ? await inTurn(found, ({ id: each }) => whole(each)) : found
      await tellLines(
        {
          last: { items, after: 0 },
          next: async function* () {
            for await (const each of followCaptures(client, { ...params, variant, signal }, known))
              yield json ? await whole(each.id) : each
          },
          show: (each) => `${dim(formatMoment(each.atMs))}  ${plain(each.variant)}  ${each.id}\n`,
        },
        given,
        context,
      )
      return EXIT.done
    })
  },
}

interface Asked {
  readonly project: string
  readonly endpoint: string
  readonly variant: string | undefined
  readonly signal: AbortSignal
}

/** The last of them, oldest first, without what was sent and answered. */
async function lastCaptures(
  client: Client,
  { project, endpoint, variant, limit, signal }: Asked & { readonly limit: number },
): Promise<readonly CaptureRecord[]> {
  const found: CaptureRecord[] = []
  let cursor: string | undefined
  do {
    const query = { variant, cursor, limit: Math.min(PAGE, limit - found.length) }
    const page = await client.call('listCaptures', { params: { project, endpoint }, query, signal })
    found.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined && found.length < limit)
  return found.toReversed()
}

/** Those that come from now on. @param known what has been told already */
async function* followCaptures(
  client: Client,
  asked: Asked,
  known: readonly CaptureRecord[],
): AsyncGenerator<CaptureRecord, never> {
  const told = new Map(known.map(({ id, atMs }) => [id, atMs]))
  let youngestMs = known.at(-1)?.atMs ?? 0
  for (;;) {
    await pause(LOOK_MS, asked.signal)
    const oldestMs = youngestMs - LATE_MS
    for (const each of await lastCaptures(client, { ...asked, limit: PAGE })) {
      if (told.has(each.id) || each.atMs < oldestMs) continue
      told.set(each.id, each.atMs)
      youngestMs = Math.max(youngestMs, each.atMs)
      yield each
    }
    for (const [id, atMs] of told) if (atMs < youngestMs - LATE_MS) told.delete(id)
  }
}

/** @returns how many there were; what is removed meanwhile, because its time is over, is left out */
async function writeAll(
  path: string,
  found: readonly CaptureRecord[],
  whole: (id: string) => Promise<CaptureRecord>,
): Promise<number> {
  const file = await newFile(path)
  try {
    let count = 0
    for (const { id } of found) {
      const record = await whole(id).catch((error: unknown) => {
        if (error instanceof ServingError && error.code === 'not_found') return undefined
        throw error
      })
      if (record === undefined) continue
      await file.write(`${JSON.stringify(record)}\n`)
      count++
    }
    return count
  } finally {
    await file.close()
  }
}

/** What callers sent is theirs: nobody else on this machine reads it. */
async function newFile(path: string): Promise<FileHandle> {
  return open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const isThere = error.code === 'EEXIST'
    throw new ServingError(
      isThere ? 'conflict' : 'refused',
      isThere
        ? `${quote(path, 200)} is there already: name another file`
        : `${quote(path, 200)} cannot be written: ${error.code}`,
      { cause: error },
    )
  })
}

async function inTurn<T, U>(items: readonly T[], each: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = []
  for (const item of items) done.push(await each(item))
  return done
}

/** A line that says why there is nothing to see. */
async function whyNone(client: Client, project: string, endpoint: string, signal: AbortSignal): Promise<string> {
  const { spec } = await client.call('getEndpoint', { params: { project, endpoint }, signal })
  return spec.capture === undefined
    ? `endpoint ${endpoint} keeps no requests: \`capture: { sample: 0.01 }\` in its document has it keep one in a hundred\n`
    : `endpoint ${endpoint} has kept no requests yet\n`
}
