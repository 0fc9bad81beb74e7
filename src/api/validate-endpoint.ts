import { ServingError } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import {
  DEFAULT_ROLLOUT,
  DEFAULT_SCALING,
  MOST_RETENTION_MIB,
  type CaptureSpec,
  type EndpointSpec,
  type RolloutSpec,
  type ScalingSpec,
  type VariantSpec,
} from './resources.ts'
import { nameOf, SpecReader, type SpecProblem } from './spec-reader.ts'

/** Variants of an endpoint at most. */
export const MOST_VARIANTS = 20

const NAME_RULE = 'letters, digits, "_", "." and "-", at most 63 of them, a letter or digit first'

/** A label is no number, and no beginning of a digest, so that it can be told from them. */
const LABEL_NAME = /^(?![0-9]+$)(?![0-9a-f]{12,63}$)[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

/** A header's name. @see RFC 9110, section 5.6.2, "token" */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/

const SHARE = { from: 0, to: 1 }
const UP_TO_A_WEEK = { from: 1000, to: 604_800_000, isWhole: true }
const UP_TO_A_DAY = { from: 0, to: 86_400_000, isWhole: true }
const UP_TO_AN_HOUR = { from: 0, to: 3_600_000, isWhole: true }

/** Problems that stand in the message itself. */
const MOST_TOLD = 5

/**
 * An endpoint's spec out of somebody's JSON or YAML, with defaults filled in. What is not named gets its default:
 * `main` as the name of the only variant, a weight of 1 (0 of a shadow). Fields that are not ours are refused, so
 * that none is set by mistake or by stealth.
 * @param where how messages name the document
 * @throws {ServingError} `invalid_argument`: what is wrong, by path, and what is allowed; `details.problems` lists
 * all of it (20 at most) as `{path, message}`
 */
export function validateEndpointSpec(value: unknown, where = 'spec'): EndpointSpec {
  const read = new SpecReader()
  const spec = readSpec(read, where, value)
  refuse(read.problems)
  return spec
}

function refuse(problems: readonly SpecProblem[]): void {
  if (problems.length === 0) return
  const told = problems.slice(0, MOST_TOLD).map(({ path, message }) => `${path} ${message}`)
  const others = problems.length - told.length
  if (others > 0) told.push(`and ${others} more (details.problems)`)
  throw new ServingError('invalid_argument', told.join('; '), { details: { problems } })
}

function readSpec(read: SpecReader, path: string, value: unknown): EndpointSpec {
  const fields = ['description', 'variants', 'sticky', 'capture', 'rollout', 'isPaused']
  const { description, variants, sticky, capture, rollout, isPaused } = read.object(path, value, fields)
  const stickiness = sticky === undefined ? undefined : readSticky(read, `${path}.sticky`, sticky)
  return {
    description: read.text(`${path}.description`, description, '', 1000),
    variants: readVariants(read, `${path}.variants`, variants),
    ...(stickiness === undefined ? {} : { sticky: stickiness }),
    ...(capture === undefined ? {} : { capture: readCapture(read, `${path}.capture`, capture) }),
    rollout: readRollout(read, `${path}.rollout`, rollout === undefined ? {} : rollout),
    isPaused: read.boolean(`${path}.isPaused`, isPaused, false),
  }
}

function readVariants(read: SpecReader, path: string, value: unknown): VariantSpec[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_VARIANTS) {
    const found = Array.isArray(value) ? `has ${value.length} items` : `is ${nameOf(value)}`
    read.wrong(path, `${found}: it takes a list of 1 to ${MOST_VARIANTS} variants`)
    return []
  }
  const before = read.problems.length
  const variants = value.map((one, i) => readVariant(read, `${path}[${i}]`, one, value.length === 1))
  const seen = new Set<string>()
  for (const [i, { name }] of variants.entries()) {
    if (name !== '' && seen.has(name))
      read.wrong(`${path}[${i}].name`, `is ${quote(name)} as that of another variant: each needs its own`)
    seen.add(name)
  }
  const isLive = ({ shadow, weight }: VariantSpec) => shadow === undefined && weight > 0
  if (read.problems.length === before && !variants.some(isLive))
    read.wrong(
      path,
      'get no traffic: one that is no shadow needs a weight above 0 (to stop an endpoint there is isPaused)',
    )
  return variants
}

function readVariant(read: SpecReader, path: string, value: unknown, isOnly: boolean): VariantSpec {
  const fields = ['name', 'model', 'version', 'weight', 'shadow', 'scaling', 'isolation']
  const { name, model, version, weight, shadow, scaling, isolation } = read.object(path, value, fields)
  const copied = shadow === undefined ? undefined : read.number(`${path}.shadow`, shadow, 0, SHARE)
  const share = read.number(`${path}.weight`, weight, copied === undefined ? 1 : 0, { from: 0, to: 1_000_000 })
  if (copied !== undefined && share !== 0)
    read.wrong(`${path}.weight`, `is ${share}: a shadow gets copies alone, so it takes 0`)
  return {
    name: read.name(`${path}.name`, name, MODEL_NAME, NAME_RULE, isOnly ? 'main' : undefined),
    model: read.name(`${path}.model`, model, MODEL_NAME, NAME_RULE),
    version: readVersion(read, `${path}.version`, version),
    weight: share,
    ...(copied === undefined ? {} : { shadow: copied }),
    scaling: readScaling(read, `${path}.scaling`, scaling === undefined ? {} : scaling),
    isolation: read.word(`${path}.isolation`, isolation, ['runner', 'process'], 'runner'),
  }
}

function readVersion(read: SpecReader, path: string, value: unknown): number | string {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value < 2 ** 31) return value
  if (typeof value === 'string' && LABEL_NAME.test(value)) return value
  const found = value === undefined ? 'is missing' : `is ${nameOf(value)}`
  const hint = typeof value === 'string' && /^[0-9]+$/.test(value) ? ' (a number stands without quotes)' : ''
  read.wrong(path, `${found}: it takes a version's number, counted from 1, or a label such as "stable"${hint}`)
  return 0
}

function readScaling(read: SpecReader, path: string, value: unknown): ScalingSpec {
  const fields = ['minReplicas', 'maxReplicas', 'targetInFlight', 'idleTimeoutMs', 'upscaleDelayMs', 'downscaleDelayMs']
  const given = read.object(path, value, fields)
  const of = (name: keyof ScalingSpec) => [`${path}.${name}`, given[name]] as const
  const replicas = { to: 1000, isWhole: true }
  const minReplicas = read.number(...of('minReplicas'), DEFAULT_SCALING.minReplicas, { from: 0, ...replicas })
  const maxReplicas = read.number(...of('maxReplicas'), Infinity, { from: 1, ...replicas })
  const target = read.number(...of('targetInFlight'), Infinity, { from: 0, to: 100_000, isAbove: true })
  if (minReplicas > maxReplicas)
    read.wrong(`${path}.minReplicas`, `is ${minReplicas}: it takes no more than maxReplicas, which is ${maxReplicas}`)
  return {
    minReplicas,
    ...(maxReplicas === Infinity ? {} : { maxReplicas }),
    ...(target === Infinity ? {} : { targetInFlight: target }),
    idleTimeoutMs: read.number(...of('idleTimeoutMs'), DEFAULT_SCALING.idleTimeoutMs, UP_TO_A_WEEK),
    upscaleDelayMs: read.number(...of('upscaleDelayMs'), DEFAULT_SCALING.upscaleDelayMs, UP_TO_AN_HOUR),
    downscaleDelayMs: read.number(...of('downscaleDelayMs'), DEFAULT_SCALING.downscaleDelayMs, UP_TO_AN_HOUR),
  }
}

function readSticky(read: SpecReader, path: string, value: unknown): EndpointSpec['sticky'] {
  const { by, header } = read.object(path, value, ['by', 'header'])
  if (by === undefined) read.wrong(`${path}.by`, 'is missing: it takes key, header')
  if (read.word(`${path}.by`, by, ['key', 'header'], 'key') === 'key') {
    if (header !== undefined && by === 'key') read.wrong(`${path}.header`, 'is of no use: it goes with by: header')
    return { by: 'key' }
  }
  const rule = "a header's name: 1 to 64 letters, digits or any of !#$%&'*+-.^_`|~"
  // Headers reach us in lower case
  return { by: 'header', header: read.name(`${path}.header`, header, HEADER_NAME, rule).toLowerCase() }
}

function readCapture(read: SpecReader, path: string, value: unknown): CaptureSpec {
  const names = ['sample', 'redact', 'retentionDays', 'retentionMiB']
  const { sample, redact = [], retentionDays, retentionMiB } = read.object(path, value, names)
  if (sample === undefined)
    read.wrong(`${path}.sample`, 'is missing: it takes the share of requests, a number from 0 to 1')
  const columns: string[] = []
  if (!Array.isArray(redact) || redact.length > 1000) {
    const found = Array.isArray(redact) ? `has ${redact.length} items` : `is ${nameOf(redact)}`
    read.wrong(`${path}.redact`, `${found}: it takes a list of 1,000 names of columns at most`)
  } else
    for (const [i, name] of redact.entries()) columns.push(read.text(`${path}.redact[${i}]`, name ?? null, '', 200))
  return {
    sample: read.number(`${path}.sample`, sample, 0, SHARE),
    redact: columns,
    retentionDays: read.number(`${path}.retentionDays`, retentionDays, 7, { from: 0, to: 3650, isAbove: true }),
    ...(retentionMiB !== undefined && {
      retentionMiB: read.number(`${path}.retentionMiB`, retentionMiB, 1, {
        from: 1,
        to: MOST_RETENTION_MIB,
        isWhole: true,
      }),
    }),
  }
}

function readRollout(read: SpecReader, path: string, value: unknown): RolloutSpec {
  const given = read.object(path, value, Object.keys(DEFAULT_ROLLOUT))
  const number = (name: Exclude<keyof RolloutSpec, 'strategy'>, range: Parameters<SpecReader['number']>[3]) =>
    read.number(`${path}.${name}`, given[name], DEFAULT_ROLLOUT[name], range)
  const spec: RolloutSpec = {
    strategy: read.word(
      `${path}.strategy`,
      given['strategy'],
      ['all-at-once', 'canary', 'linear', 'blue-green'],
      DEFAULT_ROLLOUT.strategy,
    ),
    step: number('step', { ...SHARE, isAbove: true }),
    bakeMs: number('bakeMs', UP_TO_A_DAY),
    timeoutMs: number('timeoutMs', UP_TO_A_WEEK),
    minSamples: number('minSamples', { from: 0, to: 1_000_000, isWhole: true }),
    falseAlarm: number('falseAlarm', { from: 0, to: 0.5, isAbove: true }),
    maxErrorIncrease: number('maxErrorIncrease', SHARE),
    maxLatencyIncrease: number('maxLatencyIncrease', { from: 0, to: 1000 }),
  }
  const steps =
    spec.strategy === 'linear' ? Math.min(100, Math.ceil(1 / spec.step)) : spec.strategy === 'canary' ? 2 : 1
  if (steps * spec.bakeMs >= spec.timeoutMs)
    read.wrong(
      `${path}.timeoutMs`,
      `is ${spec.timeoutMs}: ${steps} steps of ${spec.bakeMs} ms take longer, so that it would always be rolled back`,
    )
  return spec
}
