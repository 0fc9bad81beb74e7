import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import { holds, normalName } from './markers.ts'
import type { Requirement } from './requirements.ts'
import { environmentOf, tagsOf } from './tags.ts'
import type { TargetPython } from './tags.ts'
import { meets, parseSpecifiers } from './versions.ts'
import { openWheel } from './wheel.ts'
import type { Wheel } from './wheel.ts'
import { parseWheelName } from './wheel-name.ts'

/** A package that is needed and not at hand. */
export interface Missing {
  readonly requirement: Requirement
  /** Name of the package that needs it; undefined for the model's own requirements. */
  readonly by: string | undefined
  /** Wheels of it that are at hand and do not fit. */
  readonly others: readonly string[]
}

export interface Choice {
  /** By name: all that is needed, and nothing else. */
  readonly wheels: readonly Wheel[]
  readonly missing: readonly Missing[]
}

export interface ChooseOptions {
  readonly requirements: readonly Requirement[]
  readonly target: TargetPython
  /** Versions of packages that the base image has, by name. */
  readonly installed: ReadonlyMap<string, string>
}

/**
 * Chooses, of a folder's wheels, those that some requirements need, and what these need in turn.
 * @throws {ServingError} `conflict` for a package in several versions, or in one that others cannot do with; `refused`
 *   for damaged wheels
 */
export async function chooseWheels(folder: string, options: ChooseOptions): Promise<Choice> {
  const { requirements, target, installed } = options
  const names = (await readdir(folder)).filter((name) => name.endsWith('.whl')).toSorted()
  const fitting = fittingWheels(names, target)
  const environment = environmentOf(target)
  const opened = new Map<string, Wheel>()
  const missing = new Map<string, Missing>()
  const needs: { readonly requirement: Requirement; readonly by: string | undefined }[] = []
  const asked = new Map<string, Set<string>>()
  const waiting = requirements.map((requirement) => ({
    requirement,
    by: undefined as string | undefined,
    extras: [''],
  }))
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { requirement, by, extras } = next
    const { name, specifiers, marker } = requirement
    if (marker !== '' && !holds(marker, environment, extras)) continue
    needs.push({ requirement, by })
    const version = installed.get(name)
    if (version !== undefined && !opened.has(name) && meets(version, specifiers) && requirement.sha256.length === 0)
      continue // as pip would
    const file = fitting.get(name)
    if (file === undefined) {
      const others = names.filter((one) => parseWheelName(one)?.name === name)
      missing.set(name, missing.get(name) ?? { requirement, by, others })
      continue
    }
    const wheel = opened.get(name) ?? (await openWheel(join(folder, file)))
    opened.set(name, wheel)
    // what it needs in turn, once for each part of it that is asked for
    const known = asked.get(name) ?? new Set<string>()
    const news = ['', ...requirement.extras].filter((extra) => !known.has(extra))
    asked.set(name, new Set([...known, ...news]))
    if (news.length > 0)
      for (const each of wheel.requires) waiting.push({ requirement: each, by: wheel.name, extras: news })
  }
  for (const { requirement, by } of needs) {
    const wheel = opened.get(requirement.name)
    if (wheel !== undefined) check(wheel, requirement, by, target)
  }
  const wheels = [...opened.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { wheels, missing: [...missing.values()] }
}

/** All packages of a folder of wheels, as what is needed. @throws {ServingError} `conflict` for one in several versions */
export async function allIn(folder: string, target: TargetPython): Promise<Requirement[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.whl')).toSorted()
  return [...fittingWheels(names, target).keys()].map((name) => ({
    name,
    extras: [],
    specifiers: [],
    marker: '',
    sha256: [],
    text: name,
  }))
}

/** Of each package the file that suits best. */
function fittingWheels(names: readonly string[], target: TargetPython): Map<string, string> {
  const ranks = new Map(tagsOf(target).map((tag, i) => [tag, i]))
  const best = new Map<string, { readonly file: string; readonly version: string; readonly rank: number }>()
  for (const file of names) {
    const wheel = parseWheelName(file)
    const rank = Math.min(...(wheel?.tags.map((tag) => ranks.get(tag) ?? Infinity) ?? []))
    if (wheel === undefined || rank === Infinity) continue
    const before = best.get(wheel.name)
    if (before !== undefined && before.version !== wheel.version)
      throw new ServingError(
        'conflict',
        `there are two versions of ${wheel.name} among the wheels, ${quote(before.file)} and ${quote(file)}; leave the one that the model was made with`,
      )
    if (before === undefined || rank < before.rank) best.set(wheel.name, { file, version: wheel.version, rank })
  }
  return new Map([...best].map(([name, { file }]) => [name, file]))
}

function check(wheel: Wheel, requirement: Requirement, by: string | undefined, target: TargetPython): void {
  const who = by === undefined ? 'requirements.txt' : `the wheel of ${by}`
  if (!meets(wheel.version, requirement.specifiers))
    throw new ServingError(
      'conflict',
      `${who} needs ${quote(requirement.text)}, and the wheels hold ${wheel.name} ${wheel.version}; put the version that it needs in its place`,
    )
  if (requirement.sha256.length > 0 && !requirement.sha256.includes(wheel.sha256))
    throw new ServingError(
      'refused',
      `the wheel of ${wheel.name} has the digest sha256:${wheel.sha256}, and ${who} names others; get the wheel again`,
    )
  const pythons = parseSpecifiers(wheel.requiresPython)
  if (pythons === undefined || meets(target.fullVersion, pythons)) return
  throw new ServingError(
    'unsupported',
    `${wheel.name} ${wheel.version} is for Python ${wheel.requiresPython}, and the base image has ${target.version.join('.')}; take another version of either`,
  )
}

/** What is missing, and what brings it. @param folder that wheels were looked for in */
export function missingWheels(missing: readonly Missing[], folder: string, line: string): ServingError {
  const [first] = missing
  const others = first === undefined || first.others.length === 0 ? '' : `; ${quoteList(first.others)} is for others`
  const whose = first?.by === undefined ? '' : ` (${first.by} needs it)`
  return new ServingError(
    'unavailable',
    `there is no wheel for ${quoteList(missing.map(({ requirement }) => requirement.text))}${whose} in ${quote(folder)}${others}; get it: ${line}`,
    { details: { missing: missing.map(({ requirement }) => normalName(requirement.name)) } },
  )
}
