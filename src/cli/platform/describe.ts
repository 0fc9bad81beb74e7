import type {
  Endpoint,
  EndpointRevision,
  Key,
  Model,
  PlatformEvent,
  Problem,
  Project,
  Rollout,
  Upload,
  VariantStatus,
  Version,
} from '../../api/resources.ts'
import { formatBytes } from '../../core/text.ts'
import { labelsOf, stateIn, stateOfKey } from './kinds.ts'
import { facts, formatDuration, formatMoment, formatShare, plain, table, type Paint } from './terminal.ts'

type Fact = readonly [string, string | undefined]

/** All that is told of an endpoint: what answers, what is under way, what happened last. */
export function describeEndpoint(endpoint: Endpoint, events: readonly PlatformEvent[], paint: Paint): string {
  const { spec, variants } = endpoint
  const settings = new Map(spec.variants.map((each) => [each.name, each]))
  return sections([
    facts(
      [
        ['endpoint', endpoint.name],
        ['project', endpoint.project],
        ['state', endpoint.reason === '' ? endpoint.state : `${endpoint.state}: ${endpoint.reason}`],
        ['revision', revisionOf(endpoint)],
        ['description', spec.description],
        ['rollout', endpoint.rollout],
        ['sticky', stickyOf(spec.sticky)],
        [
          'capture',
          spec.capture === undefined
            ? undefined
            : `${formatShare(spec.capture.sample)} of the requests, kept ${spec.capture.retentionDays} d`,
        ],
        [
          'changes by',
          `${spec.rollout.strategy}${spec.rollout.strategy === 'all-at-once' ? '' : `, each step watched for ${formatDuration(spec.rollout.bakeMs)} at least`}`,
        ],
      ],
      paint,
    ),
    table(
      [
        { title: 'variant', text: ({ name }) => name },
        { title: 'version', text: ({ model, version }) => `${model}/${version}` },
        { title: 'state', text: ({ state }) => state, paint: (text, { state }) => stateIn(state, paint)(text) },
        { title: 'share', isNumber: true, text: ({ share }) => formatShare(share) },
        { title: 'replicas', isNumber: true, text: ({ replicas }) => `${replicas.ready}/${replicas.desired}` },
        {
          title: 'least to most',
          isNumber: true,
          rank: 2,
          text: ({ name }) => {
            const scaling = settings.get(name)?.scaling
            return scaling === undefined ? '-' : `${scaling.minReplicas} to ${scaling.maxReplicas ?? 'all runners'}`
          },
        },
        { title: 'digest', rank: 1, text: ({ digest }) => digest.slice(0, 12) },
      ],
      variants,
      paint,
    ),
    variants.map(noteLine).join(''),
    variants.map(shadowLine).join(''),
    ...variants.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [describeProblem(`variant ${name}`, problem, paint)],
    ),
    events.length === 0
      ? ''
      : `${paint.dim('last events')}\n${events.map((event) => eventLine(event, paint)).join('')}`,
  ])
}

export function describeVersion(version: Version, paint: Paint): string {
  const { bundle, source } = version
  return sections([
    facts(
      [
        ['version', `${version.model}/${version.number}`],
        ['project', version.project],
        [
          'state',
          version.phase === undefined || version.state === 'ready'
            ? version.state
            : `${version.state}: ${version.phase}`,
        ],
        ['description', version.description],
        ['file', version.fileName],
        ['source', source.type === 'url' ? source.url : `upload ${source.upload}`],
        ['made', formatMoment(version.meta.createdAtMs)],
        ...(bundle === undefined
          ? []
          : ([
              ['digest', bundle.digest],
              ['size', formatBytes(bundle.sizeBytes)],
              ['engines', bundle.engines.join(', ')],
              ['memory', `${formatBytes(bundle.memoryBytes)} a replica`],
              ['loads in', formatDuration(bundle.loadMs)],
              ['in flight', `${bundle.targetInFlight.value} a replica: ${bundle.targetInFlight.reason}`],
              ['runs', `${bundle.plan.value}: ${bundle.plan.reason}`],
            ] satisfies Fact[])),
      ],
      paint,
    ),
    version.warnings.map((warning) => `${paint.warn('warning:')} ${plain(warning)}\n`).join(''),
    version.problem === undefined ? '' : describeProblem('why', version.problem, paint),
  ])
}

export function describeRollout(rollout: Rollout, paint: Paint): string {
  const { spec, decisions } = rollout
  return sections([
    facts(
      [
        ['rollout', rollout.name],
        ['endpoint', rollout.endpoint],
        ['revisions', `${rollout.fromRevision ?? 'none'} to ${rollout.toRevision}`],
        ['strategy', spec.strategy],
        ['state', rollout.reason === '' ? rollout.state : `${rollout.state}: ${rollout.reason}`],
        ['share', `${formatShare(rollout.share)} of the traffic has what is new`],
        ['began', formatMoment(rollout.meta.createdAtMs)],
        ['ended', rollout.endedAtMs === undefined ? undefined : formatMoment(rollout.endedAtMs)],
      ],
      paint,
    ),
    decisions.length === 0
      ? ''
      : table(
          [
            { title: 'at', text: ({ atMs }) => formatMoment(atMs).slice(11) },
            { title: 'step', isNumber: true, text: ({ step }) => String(step + 1) },
            { title: 'share', isNumber: true, text: ({ share }) => formatShare(share) },
            { title: 'decision', text: ({ decision }) => decision },
            { title: 'because', text: ({ reason }) => reason },
          ],
          decisions.slice(0, 12).toReversed(),
          paint,
        ),
  ])
}

/** The kinds that need no page of their own. */
export function describeOther(kind: string, item: unknown, nowMs: number, paint: Paint): string {
  return facts(factsOf(kind, item, nowMs), paint)
}

function factsOf(kind: string, item: unknown, nowMs: number): readonly Fact[] {
  if (kind === 'project') {
    const { name, description, meta } = item as Project
    return [
      ['project', name],
      ['description', description],
      ['made', formatMoment(meta.createdAtMs)],
    ]
  }
  if (kind === 'model') {
    const { project, name, description, labels, lastNumber, meta } = item as Model
    return [
      ['model', name],
      ['project', project],
      ['description', description],
      ['last version', lastNumber === 0 ? 'none' : `${name}/${lastNumber}`],
      ['labels', labelsOf(labels)],
      ['made', formatMoment(meta.createdAtMs)],
    ]
  }
  if (kind === 'key') {
    const key = item as Key
    return [
      ['key', key.name],
      ['project', key.project === '*' ? '* (the whole platform)' : key.project],
      ['role', key.role],
      ['actions', key.actions?.join(', ')],
      ['endpoints', key.endpoints?.join(', ') ?? 'all'],
      ['begins with', key.hint],
      ['access key id', key.accessKeyId],
      ['state', stateOfKey(key, nowMs)],
      [
        'quotas',
        Object.entries(key.quotas)
          .map(([name, value]) => `${name} ${value}`)
          .join(', '),
      ],
      ['made', formatMoment(key.meta.createdAtMs)],
    ]
  }
  if (kind === 'upload') {
    const { name, project, fileName, sizeBytes, parts, partBytes, sha256, state, expiresAtMs } = item as Upload
    return [
      ['upload', name],
      ['project', project],
      ['file', fileName],
      ['size', formatBytes(sizeBytes)],
      ['parts', `${parts.length} of ${Math.max(1, Math.ceil(sizeBytes / partBytes))}, of ${formatBytes(partBytes)}`],
      ['sha256', sha256],
      ['state', state],
      ['ends', formatMoment(expiresAtMs)],
    ]
  }
  const { endpoint, revision, by, reason, resolved, meta } = item as EndpointRevision
  return [
    ['revision', `${endpoint}/${revision}`],
    ['by', by],
    ['reason', reason],
    ['made', formatMoment(meta.createdAtMs)],
    ...Object.entries(resolved).map(([variant, found]): Fact => [
      variant,
      `${found.model}/${found.version} (${found.digest.slice(0, 12)})`,
    ]),
  ]
}

export function describeProblem(what: string, { code, message, logTail = [] }: Problem, { bad, dim }: Paint): string {
  const tail = logTail.map((line) => `  ${dim(`| ${plain(line)}`)}\n`).join('')
  return `${bad(`${what}:`)} ${plain(message)} (${code})\n${tail}`
}

/** An event on a line. */
export function eventLine({ atMs, kind, name, type, level, message }: PlatformEvent, paint: Paint): string {
  const what = `${kind} ${name}`
  const said = message === '' ? type : message
  return `${paint.dim(formatMoment(atMs))}  ${plain(what).padEnd(28)}  ${stateIn(level, paint)(plain(said))}\n`
}

/** What people should know of how a variant runs. */
function noteLine({ name, note }: VariantStatus): string {
  return note === undefined ? '' : `${plain(`variant ${name}: ${note}`)}\n`
}

/** How a shadow's answers compare with those that were sent. */
function shadowLine({ name, shadow }: VariantStatus): string {
  if (shadow === undefined) return ''
  const { sinceMs, compared, differed, latencyDifferenceMs: laterMs } = shadow
  const since = `since ${formatMoment(sinceMs)}`
  if (compared === 0) return plain(`shadow ${name}: no answers compared ${since}`) + '\n'
  const share = `${differed} of ${compared} answers differed (${formatShare(differed / compared)}) ${since}`
  const later =
    laterMs === undefined
      ? ''
      : `; ${formatLatency(Math.abs(laterMs))} ${laterMs < 0 ? 'quicker' : 'slower'} in the mean`
  return `${plain(`shadow ${name}: ${share}${later}`)}\n`
}

function formatLatency(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : formatDuration(ms)
}

function revisionOf({ revision, servedRevision }: Endpoint): string {
  if (servedRevision === revision) return String(revision)
  return servedRevision === undefined ? `${revision}; none answers yet` : `${revision}; ${servedRevision} answers`
}

function stickyOf(sticky: Endpoint['spec']['sticky']): string | undefined {
  if (sticky === undefined) return undefined
  return sticky.by === 'key' ? 'by key' : `by the header ${sticky.header}`
}

function sections(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n')
}
