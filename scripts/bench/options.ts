import { parseArgs } from 'node:util'
import { quote } from '../../src/core/text.ts'

export interface BenchOptions {
  readonly rounds: number
  /** How long each measurement takes (s). */
  readonly seconds: number
  /** How often each server is started to time it. */
  readonly starts: number
  readonly connections: readonly number[]
  readonly seed: number
  /** How often a measurement is taken again that other work on the machine disturbed. */
  readonly repeats: number
  /** Arguments of `serve` for one more Slipway beside the default one. */
  readonly variant: readonly string[] | undefined
  readonly json: boolean
  readonly write: boolean
  readonly help: boolean
}

/** The command line is wrong: nothing was started. */
export class BenchUsageError extends Error {}

export const HELP = `npm run bench -- [options]: Slipway beside FastAPI and a static answer, on this machine

  --rounds N        times that each measurement is taken (3)
  --seconds N       length of each measurement (4)
  --starts N        times that each server is started (5)
  --connections L   connections at once, separated by commas (1,8,64)
  --seed N          order of the measurements (1)
  --repeats N       times that a measurement is taken again when other work disturbed it (2)
  --quick           one round of 2 s and one start; its numbers are for a first look
  --variant='ARGS'  one more Slipway, started with these arguments of \`slipway serve\`
  --json            one JSON document on stdout in place of tables
  --write           renew the figures of docs/performance.md
`

/** @throws {BenchUsageError} */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parse(args)
  const isQuick = values.quick === true
  if (isQuick && values.write === true)
    throw new BenchUsageError('--quick measures too little for docs/performance.md: leave out --quick or --write')
  return {
    rounds: wholeNumber('rounds', values.rounds ?? (isQuick ? '1' : '3'), 1, 100),
    seconds: wholeNumber('seconds', values.seconds ?? (isQuick ? '2' : '4'), 1, 60),
    starts: wholeNumber('starts', values.starts ?? (isQuick ? '1' : '5'), 1, 100),
    connections: values.connections.split(',').map((count) => wholeNumber('connections', count, 1, 1000)),
    seed: wholeNumber('seed', values.seed, 0, 0xffff_ffff),
    repeats: wholeNumber('repeats', values.repeats ?? (isQuick ? '0' : '2'), 0, 100),
    variant: values.variant?.split(' ').filter((word) => word !== ''),
    json: values.json === true,
    write: values.write === true,
    help: values.help === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        starts: { type: 'string' },
        connections: { type: 'string', default: '1,8,64' },
        seed: { type: 'string', default: '1' },
        repeats: { type: 'string' },
        quick: { type: 'boolean' },
        variant: { type: 'string' },
        json: { type: 'boolean' },
        write: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new BenchUsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new BenchUsageError(`--${option} takes whole numbers from ${least} to ${most}, found ${quote(text)}`)
}
