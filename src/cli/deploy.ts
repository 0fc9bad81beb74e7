import type { Endpoint, RolloutSpec, Version } from '../api/resources.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { COMPILE_OPTIONS, howToCompile, PYTHON_OPTIONS } from './common-options.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'
import { changeSpec } from './platform/change-spec.ts'
import { withPlatform, type Platform } from './platform/find-platform.ts'
import { sameWay } from './platform/same-way.ts'
import {
  DEPLOY_PHASES,
  followRevision,
  followVersion,
  type DeployPhase,
  type Followed,
} from './platform/follow-deployment.ts'
import { bringSource, nameSource, stemOf } from './platform/model-source.ts'
import { unlessMissing } from './platform/planned.ts'
import { refuseOtherSignatures } from './platform/other-signatures.ts'
import { planDeployment, type DeployWishes } from './platform/plan-deployment.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { sameFileAs } from './platform/same-file.ts'
import { formatDuration, paintFor, plain } from './platform/terminal.ts'
import { takeBack } from './platform/take-back.ts'
import { tellLogTail } from './platform/tell-log-tail.ts'
import { tryLine } from './platform/try-line.ts'
import { beginWatch } from './platform/watch.ts'
import { createProgress } from './progress.ts'

const options = {
  endpoint: {
    type: 'string',
    isFlagOnly: true,
    value: 'NAME',
    doc: "name that clients call; the model's when left out",
  },
  model: {
    type: 'string',
    isFlagOnly: true,
    value: 'NAME',
    doc: "model that it becomes a version of; the endpoint's, else the file's stem, when left out",
  },
  description: { type: 'string', isFlagOnly: true, value: 'TEXT', doc: 'what is new in this version' },
  label: {
    type: 'string',
    isFlagOnly: true,
    value: 'LABEL',
    doc: 'label that moves to the version once it answers: stable',
  },
  canary: {
    type: 'number',
    isFlagOnly: true,
    isFraction: true,
    value: 'SHARE',
    min: 0,
    max: 1,
    doc: 'give the new version this share of the traffic first, watch it, then all',
  },
  linear: {
    type: 'number',
    isFlagOnly: true,
    isFraction: true,
    value: 'SHARE',
    min: 0,
    max: 1,
    doc: 'give it more and more of the traffic, in steps of this share, each of them watched',
  },
  blueGreen: {
    type: 'boolean',
    isFlagOnly: true,
    doc: 'give it all at once and keep the old version loaded, ready to come back, while it is watched',
  },
  allAtOnce: { type: 'boolean', isFlagOnly: true, doc: 'give it all at once, as soon as it is loaded' },
  bakeMs: {
    type: 'number',
    isFlagOnly: true,
    value: 'MS',
    min: 0,
    max: 86_400_000,
    doc: 'how long each step is watched at least; what the endpoint had before when left out, at first 10000',
  },
  rolloutTimeoutMs: {
    type: 'number',
    isFlagOnly: true,
    value: 'MS',
    min: 1000,
    max: 604_800_000,
    doc: 'how long all steps together may take; then the old version has all of the traffic again; what the endpoint had before when left out, at first 3600000',
  },
  variant: {
    type: 'string',
    isFlagOnly: true,
    value: 'NAME',
    doc: 'replace or add this variant alone and leave the others; all of them are replaced when left out',
  },
  weight: {
    type: 'number',
    isFlagOnly: true,
    isFraction: true,
    value: 'WEIGHT',
    min: 0,
    max: 1_000_000,
    doc: 'share of the variant relative to the others; 0 for requests that name it',
  },
  shadow: {
    type: 'number',
    isFlagOnly: true,
    isFraction: true,
    value: 'SHARE',
    min: 0,
    max: 1,
    doc: 'with --variant: it gets a copy of this share of the traffic, and its answers are compared, not sent',
  },
  min: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 0,
    max: 1000,
    doc: 'replicas that are always loaded; with 0, as at first, one is loaded when a request comes',
  },
  max: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 1,
    max: 1000,
    doc: 'most replicas; as many as there are processes that answer when left out',
  },
  idleTimeoutMs: {
    type: 'number',
    isFlagOnly: true,
    value: 'MS',
    min: 1000,
    max: 604_800_000,
    doc: 'how long it is without a request before the last replica goes, at first 300000',
  },
  isolated: {
    type: 'boolean',
    isFlagOnly: true,
    doc: 'run it in processes of its own, so that a crash disturbs no other model',
  },
  versionOnly: {
    type: 'boolean',
    isFlagOnly: true,
    doc: 'make the version and leave every endpoint as it is; with --label, an endpoint that names the label has it once it is applied again',
  },
  allowOtherSignature: {
    type: 'boolean',
    isFlagOnly: true,
    doc: 'let it take or give something else than what answers now, although callers of today fail then',
  },
  ifAbsent: { type: 'boolean', isFlagOnly: true, doc: 'do nothing where there is an endpoint of that name' },
  detach: { type: 'boolean', isFlagOnly: true, doc: 'end once the platform has it, without waiting for it to answer' },
  ...PROJECT_OPTION,
  ...COMPILE_OPTIONS,
  runtime: PYTHON_OPTIONS.runtime,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

type Given = Options<typeof options>

/** `slipway deploy`: from a file to an endpoint that answers, with everything that happens in between shown. */
export const deployCommand: Command<typeof options> = {
  usage: '<file|folder|url> [--endpoint <name>] [--canary 0.1]',
  options,
  async run([word, ...more], given, context) {
    if (word === undefined || more.length > 0)
      throw new UsageError('name one model file, folder or address: `slipway deploy <file>`')
    const wishes = wishesOf(given)
    const named = await nameSource(word)
    const begun = performance.now()
    return withPlatform(given, context, async (platform) => {
      const { client } = platform
      const { project } = given
      const { signal, stderr } = context
      const name = given.endpoint ?? given.model ?? stemOf(named.fileName)
      const before = await unlessMissing(client.call('getEndpoint', { params: { project, endpoint: name }, signal }))
      if (given.ifAbsent && before !== undefined && before.servedRevision !== undefined) {
        tellPresent(before, given.json, context)
        return EXIT.done
      }
      const { allowUntested, steps } = howToCompile(given)
      const runtime = given.runtime === 'python' ? { runtime: given.runtime } : {}
      if (before !== undefined && !hasWishes(given)) {
        const how = { allowUntested, steps, ...runtime }
        const same = await sameFileAs(client, before, named, { model: given.model, how, signal })
        if (same !== undefined) {
          tellSame(before, same, given.json, context)
          return EXIT.done
        }
      }
      const model = given.model ?? before?.spec.variants[0]?.model ?? name
      const show = showPhases(name, context)
      const watch = await beginWatch(client, project, signal)
      const source = await bringSource(client, named, {
        project,
        signal,
        onProgress: (done, total) => show('uploading', done / Math.max(1, total), `uploading ${formatBytes(total)}`),
      }).catch((error: unknown) => {
        show.end()
        if (!signal.aborted) throw error
        throw new ServingError(
          'cancelled',
          'interrupted: nothing is deployed; the same command goes on with the upload where it stopped',
          { cause: error },
        )
      })
      const { number } = await client.call('createVersion', {
        params: { project, model },
        body: {
          source,
          fileName: named.fileName,
          ...(given.description === undefined ? {} : { description: given.description }),
          how: { allowUntested, ...(steps === undefined ? {} : { steps }), ...runtime },
        },
        signal,
      })
      const deployed = { project, endpoint: name, model, version: number }
      const way = sameWay(given)
      let isEndpointTold = false
      try {
        if (given.versionOnly) {
          await makeVersionAlone({ client, project, watch, onPhase: show, signal }, deployed, given, context, () =>
            show.finish(
              `${paintFor(stderr, context.env).good('ready')} after ${formatDuration(performance.now() - begun)}`,
            ),
          )
          return EXIT.done
        }
        const followed: Followed = { client, project, watch, onPhase: show, signal }
        const isChecked = before?.servedRevision !== undefined && !given.detach && !given.allowOtherSignature
        const at = { project, endpoint: name, signal }
        const checked = isChecked ? await checkSignature(followed, deployed, wishes) : undefined
        isEndpointTold = true
        const changed = await changeSpec(
          client,
          checked === undefined ? at : { ...at, revision: checked.revision },
          (current) => planDeployment(current, { model, version: number }, wishes),
          `deploy ${named.fileName} as ${model}/${number}`,
        )
        const { revision } = changed
        if (given.detach) {
          tellDetached({ ...deployed, revision }, way, given.json, context)
          return EXIT.done
        }
        const version = await followVersion(followed, model, number).catch(async (error: unknown) => {
          throw await withoutEndpoint(error, followed, changed, deployed)
        })
        const { endpoint } = await followRevision(followed, name, revision)
        await putLabel(followed, deployed, given.label)
        const tookMs = performance.now() - begun
        show.finish(`${paintFor(stderr, context.env).good('answers')} after ${formatDuration(tookMs)}`)
        await tellDone(platform, endpoint, version, { ...given, tookMs }, context)
        return EXIT.done
      } catch (error) {
        show.end()
        const isLeft = !given.versionOnly && !isEndpointTold
        throw toldError(error, deployed, { way, isVersionOnly: given.versionOnly || isLeft, isLeft }, context)
      }
    })
  },
}

/**
 * Waits for a version that an endpoint which answers shall get, and sees that its callers can stay as they are.
 * @returns the revision of the endpoint that this holds for
 * @throws {ServingError} as `refuseOtherSignatures`, and why there is no such version
 */
async function checkSignature(
  followed: Followed,
  deployed: Deployed,
  wishes: DeployWishes,
): Promise<{ readonly revision: number } | undefined> {
  const { client, signal } = followed
  const { project, endpoint, model, version } = deployed
  await followVersion(followed, model, version)
  const params = { project, endpoint }
  const current = await unlessMissing(client.call('getEndpoint', { params, signal }))
  if (current === undefined) return undefined
  const spec = planDeployment(current.spec, { model, version }, wishes)
  refuseOtherSignatures(await client.call('planEndpoint', { params, body: { spec }, signal }), deployed)
  return current
}

/** The failure of a version; where it leaves an endpoint that this command made, that is taken away, and said. */
async function withoutEndpoint(
  thrown: unknown,
  followed: Followed,
  made: Endpoint,
  { model, version }: Deployed,
): Promise<unknown> {
  if (followed.signal.aborted) return thrown
  // that it could not be tidied up is no news beside why the version failed
  const isGone = await takeBack(followed, made, { model, version }).catch(() => false)
  if (!isGone) return thrown
  const error = ServingError.from(thrown)
  const said = `endpoint ${made.name}, which never answered, is taken away again`
  return new ServingError(error.code, `${error.message}; ${said}`, {
    cause: error.cause,
    details: { ...error.details, isEndpointRemoved: true },
  })
}

interface Deployed {
  readonly project: string
  readonly endpoint: string
  readonly model: string
  readonly version: number
}

/** @throws {UsageError} for wishes that exclude each other */
function wishesOf(given: Given): DeployWishes {
  const { canary, linear, blueGreen, allAtOnce, bakeMs, min, max, idleTimeoutMs, variant, weight, shadow } = given
  const strategies: Partial<RolloutSpec>[] = [
    ...(canary === undefined ? [] : [{ strategy: 'canary', step: canary } as const]),
    ...(linear === undefined ? [] : [{ strategy: 'linear', step: linear } as const]),
    ...(blueGreen ? [{ strategy: 'blue-green' } as const] : []),
    ...(allAtOnce ? [{ strategy: 'all-at-once' } as const] : []),
  ]
  if (given.versionOnly && (given.endpoint !== undefined || variant !== undefined || given.ifAbsent))
    throw new UsageError('--version-only touches no endpoint: leave out --endpoint, --variant and --if-absent')
  if (given.detach && given.label !== undefined)
    throw new UsageError(
      'a label moves once the version is ready, and --detach does not wait for that: say one of them',
    )
  if (strategies.length > 1) throw new UsageError('say one of --canary, --linear, --blue-green and --all-at-once')
  if (min !== undefined && max !== undefined && min > max)
    throw new UsageError(`--min is ${min} and --max is ${max}: the most cannot be fewer than the least`)
  if (shadow !== undefined && (variant === undefined || weight !== undefined))
    throw new UsageError('--shadow is for a variant beside those that answer: say --variant too, and no --weight')
  return {
    variant,
    weight,
    shadow,
    isolation: given.isolated ? 'process' : undefined,
    rollout: {
      ...strategies[0],
      ...(bakeMs === undefined ? {} : { bakeMs }),
      ...(given.rolloutTimeoutMs === undefined ? {} : { timeoutMs: given.rolloutTimeoutMs }),
    },
    scaling: {
      ...(min === undefined ? {} : { minReplicas: min }),
      ...(max === undefined ? {} : { maxReplicas: max }),
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    },
  }
}

/** The version, without an endpoint. @param onReady told once it is ready */
async function makeVersionAlone(
  followed: Followed,
  { project, model, version }: Deployed,
  { detach, label, json }: Given,
  { stdout }: CommandContext,
  onReady: () => void,
): Promise<void> {
  if (detach) {
    if (json) stdout.write(`${JSON.stringify({ project, model, version })}\n`)
    else
      stdout.write(
        `${model}/${version} is being made; \`slipway describe version ${model}/${version}\` tells how far it is\n`,
      )
    return
  }
  const { bundle, warnings } = await followVersion(followed, model, version)
  await putLabel(followed, { project, model, version }, label)
  onReady()
  const facts = { project, model, version, digest: bundle?.digest ?? null, label: label ?? null, warnings }
  stdout.write(json ? `${JSON.stringify(facts)}\n` : `${model}/${version}\n`)
}

async function putLabel(
  { client, signal }: Followed,
  { project, model, version }: Pick<Deployed, 'project' | 'model' | 'version'>,
  label: string | undefined,
): Promise<void> {
  if (label === undefined) return
  await client.call('putLabel', { params: { project, model, label }, body: { version }, signal })
}

/** A bar over all phases on a terminal, a line for each elsewhere. */
function showPhases(name: string, { stderr }: CommandContext) {
  const progress = createProgress(name, stderr, () => performance.now())
  let current: DeployPhase | undefined
  let shown: number | undefined
  const show = (phase: DeployPhase, share: number | undefined, text: string): void => {
    const at = DEPLOY_PHASES.indexOf(phase)
    const fraction = (at + Math.min(1, share ?? 0)) / DEPLOY_PHASES.length
    // each step of a rollout is news; what is decided within one is told now and then
    if (phase !== current || (phase === 'routing' && share !== shown)) progress.phase(plain(text), fraction)
    else progress.update(fraction, plain(text))
    current = phase
    shown = share
  }
  const finish = (text: string) => progress.finish(text)
  /** Leaves the bar as it stands, and the line. */
  const end = () => {
    if (stderr.isTTY === true && current !== undefined) stderr.write('\n')
  }
  return Object.assign(show, { finish, end })
}

async function tellDone(
  platform: Platform,
  endpoint: Endpoint,
  version: Version,
  { json, tookMs, label }: Given & { readonly tookMs: number },
  { stdout, stderr, env, signal }: CommandContext,
): Promise<void> {
  const { url, curl } = await tryLine(platform, endpoint.project, endpoint.name, version, signal)
  if (json) {
    const { project, model, number, bundle, warnings } = version
    const facts = { project, endpoint: endpoint.name, revision: endpoint.revision, model, version: number }
    const more = { digest: bundle?.digest ?? null, label: label ?? null, url, curl: curl ?? null, warnings }
    stdout.write(`${JSON.stringify({ ...facts, ...more, tookMs: Math.round(tookMs) })}\n`)
    return
  }
  const { warn } = paintFor(stderr, env)
  for (const warning of version.warnings) stderr.write(`${warn('warning:')} ${plain(warning)}\n`)
  stdout.write(`${url}\n`)
  if (curl !== undefined) stdout.write(`\nTry it:\n  ${plain(curl)}\n`)
}

function tellPresent({ project, name, revision }: Endpoint, asJson: boolean, { stdout }: CommandContext): void {
  if (asJson) stdout.write(`${JSON.stringify({ project, endpoint: name, revision, isPresent: true })}\n`)
  else stdout.write(`endpoint ${name} is there already\n`)
}

/** Whether anything is said of the deployment besides the file and where it goes. */
function hasWishes(given: Given): boolean {
  const { description, label, canary, linear, bakeMs, rolloutTimeoutMs, min, max, idleTimeoutMs } = given
  const { blueGreen, allAtOnce, isolated, versionOnly, variant, weight, shadow } = given
  const values = [description, label, canary, linear, bakeMs, rolloutTimeoutMs, min, max, idleTimeoutMs]
  return (
    [...values, variant, weight, shadow].some((value) => value !== undefined) ||
    blueGreen ||
    allAtOnce ||
    isolated ||
    versionOnly
  )
}

function tellSame(
  { project, name, revision }: Endpoint,
  { model, number }: Version,
  asJson: boolean,
  { stdout }: CommandContext,
): void {
  if (asJson)
    stdout.write(
      `${JSON.stringify({ project, endpoint: name, revision, model, version: number, isUnchanged: true })}\n`,
    )
  else
    stdout.write(
      `nothing changes: endpoint ${name} answers with ${model}/${number}, which was made of this very file (--description makes a version of it all the same)\n`,
    )
}

function tellDetached(
  deployed: Deployed & { readonly revision: number },
  way: string,
  asJson: boolean,
  { stdout }: CommandContext,
) {
  if (asJson) stdout.write(`${JSON.stringify(deployed)}\n`)
  else
    stdout.write(
      `${deployed.model}/${deployed.version} is on its way to endpoint ${deployed.endpoint}; \`slipway rollout ${deployed.endpoint}${way} --watch\` follows it\n`,
    )
}

/** The failure with what a person needs next to it: the log's tail, or how to go on after an interruption. */
function toldError(
  thrown: unknown,
  deployed: Deployed,
  {
    way,
    isVersionOnly,
    isLeft,
  }: {
    readonly way: string
    readonly isVersionOnly: boolean
    /** Whether the endpoint was yet to be told of it. */
    readonly isLeft: boolean
  },
  context: CommandContext,
): ServingError {
  const error = ServingError.from(thrown)
  if (context.signal.aborted) {
    const version = `${deployed.model}/${deployed.version}`
    const next = isVersionOnly
      ? `\`slipway describe version ${version}${way}\` tells how far it is, and \`slipway cancel version ${version}${way}\` gives it up`
      : `\`slipway rollout ${deployed.endpoint}${way} --watch\` follows it, and --cancel in place of --watch gives it up`
    return new ServingError(
      'cancelled',
      `interrupted; the platform goes on with ${version}${isLeft ? `, and endpoint ${deployed.endpoint} stays as it is` : ''}: ${next}`,
      {
        cause: error,
        details: { ...deployed },
      },
    )
  }
  tellLogTail(error, context)
  return new ServingError(error.code, error.message, { cause: error.cause, details: { ...deployed, ...error.details } })
}
