import { parseArgs } from 'node:util'
import { quote } from '../../src/core/text.ts'
import { CASES, isGrpc, MODELS, parseCase, type Case, type ModelName } from './cases.ts'
import { PEERS, takesPart } from './peers.ts'

export interface BenchOptions {
  readonly rounds: number
  /** How long each measurement takes (s). */
  readonly seconds: number
  /** How often each server is started to time it; 0 leaves starts and memory out. */
  readonly starts: number
  /** What each server is asked. */
  readonly cases: readonly Case[]
  /** Python servers that take part. */
  readonly peers: readonly string[]
  /** Whether Slipway from its sources takes part. */
  readonly withSource: boolean
  /** Whether the memory of many models is measured. */
  readonly density: boolean
  /** Which parts are measured: the servers under load, the platform. */
  readonly parts: readonly Part[]
  readonly seed: number
  /** How often a measurement is taken again that other work on the machine disturbed. */
  readonly repeats: number
  /** Arguments of `serve` for one more Slipway beside the default one. */
  readonly variant: readonly string[] | undefined
  /** What is measured in place of `dist/slipway.js`, as it is. */
  readonly program: string | undefined
  /** Whether `dist/slipway.js` is made anew first. */
  readonly build: boolean
  /** Tells the last run once more instead of measuring. */
  readonly again: boolean
  readonly json: boolean
  readonly write: boolean
  readonly help: boolean
}

/** The command line is wrong: nothing was started. */
export class BenchUsageError extends Error {}

export const PARTS = ['servers', 'platform'] as const
export type Part = (typeof PARTS)[number]

const PEER_NAMES = PEERS.map(({ name }) => name)
const SOURCE = 'slipway-source'

export const HELP = `npm run bench -- [options]: Slipway beside other servers and a static answer, on this machine

  --rounds N        times that each measurement is taken (3)
  --seconds N       length of each measurement (4)
  --starts N        times that each server is started (5); 0 leaves start-up and memory out
  --models L        ${MODELS.join(',')}
  --cells L         model/rows@connections, separated by commas, such as tiny/1@64,trees/32@8;
                    by gRPC tiny/1@8x8: with streams on each connection
  --peers L         ${[...PEER_NAMES, SOURCE].join(',')};
                    FastAPI and grpcio are measured always (all but ${SOURCE})
  --seed N          order of the measurements (1)
  --repeats N       times that a measurement is taken again when other work disturbed it (2)
  --only PART       ${PARTS.join(' or ')}: Slipway beside other servers, or what the platform of \`slipway up\` costs beside
                    \`slipway serve\`; both when left out and no servers or cells are picked
  --quick           three minutes: tiny and trees, beside FastAPI and the static answer alone, not by gRPC
  --variant='ARGS'  one more Slipway, started with these arguments of \`slipway serve\`
  --no-build        measure dist/slipway.js as it is
  --program FILE    measure this slipway.js in place of it, as it is
  --again           tell the last run once more, with the notes of now
  --json            one JSON document on stdout in place of tables
  --write           renew the figures of docs/performance.md; with --only, those of that part
`

/** @throws {BenchUsageError} */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parse(args)
  const isQuick = values.quick === true
  const isPartial = isQuick || [values.models, values.cells, values.peers].some((value) => value !== undefined)
  if (isPartial && values.write === true)
    throw new BenchUsageError('--write takes a run of everything: leave out --quick, --models, --cells and --peers')
  const all = pickCases(values.models ?? (isQuick ? 'tiny,trees' : undefined), values.cells)
  const cases = isQuick && values.cells === undefined ? all.filter((each) => !isGrpc(each)) : all
  const peers = pickPeers(values.peers ?? (isQuick ? 'fastapi' : PEER_NAMES.join(',')))
  const parts = pickParts(values.only, isPartial)
  return {
    rounds: wholeNumber('rounds', values.rounds ?? (isQuick ? '2' : '3'), 1, 100),
    seconds: wholeNumber('seconds', values.seconds ?? (isQuick ? '2' : '4'), 1, 60),
    starts: wholeNumber('starts', values.starts ?? (isQuick ? '1' : '5'), 0, 100),
    cases,
    peers: PEERS.filter((peer) => peers.has(peer.name) && takesPart(peer, cases)).map(({ name }) => name),
    withSource: peers.has(SOURCE),
    parts,
    density: !isQuick && cases.some((each) => each.model === 'tiny'),
    seed: wholeNumber('seed', values.seed, 0, 0xffff_ffff),
    repeats: wholeNumber('repeats', values.repeats ?? (isQuick ? '0' : '2'), 0, 100),
    variant: values.variant?.split(' ').filter((word) => word !== ''),
    program: values.program,
    build: values['no-build'] !== true && values.program === undefined,
    again: values.again === true,
    json: values.json === true,
    write: values.write === true,
    help: values.help === true,
  }
}

/** Who picks servers or what they are asked means these alone. */
function pickParts(only: string | undefined, isPartial: boolean): readonly Part[] {
  if (only === undefined) return isPartial ? ['servers'] : PARTS
  const part = PARTS.find((each) => each === only)
  if (part === undefined) throw new BenchUsageError(`--only takes ${PARTS.join(' or ')}, found ${quote(only)}`)
  return [part]
}

function pickCases(models: string | undefined, cells: string | undefined): Case[] {
  if (cells !== undefined && models !== undefined)
    throw new BenchUsageError('--cells name their models: leave out --models')
  try {
    if (cells !== undefined) return cells.split(',').map(parseCase)
  } catch (error) {
    throw new BenchUsageError(`--cells: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  if (models === undefined) return [...CASES]
  const wanted = new Set<ModelName>()
  for (const name of models.split(',')) {
    const model = MODELS.find((each) => each === name)
    if (model === undefined) throw new BenchUsageError(`--models are ${MODELS.join(', ')}, found ${quote(name)}`)
    wanted.add(model)
  }
  return CASES.filter(({ model }) => wanted.has(model))
}

/** FastAPI always takes part, and grpcio where servers are asked by gRPC: the others are told against them. */
function pickPeers(list: string): Set<string> {
  const known = [...PEER_NAMES, SOURCE]
  for (const name of list.split(','))
    if (!known.includes(name)) throw new BenchUsageError(`--peers are ${known.join(', ')}, found ${quote(name)}`)
  return new Set(['fastapi', 'grpcio', ...list.split(',')])
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        starts: { type: 'string' },
        models: { type: 'string' },
        cells: { type: 'string' },
        peers: { type: 'string' },
        seed: { type: 'string', default: '1' },
        repeats: { type: 'string' },
        only: { type: 'string' },
        program: { type: 'string' },
        quick: { type: 'boolean' },
        variant: { type: 'string' },
        'no-build': { type: 'boolean' },
        again: { type: 'boolean' },
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
