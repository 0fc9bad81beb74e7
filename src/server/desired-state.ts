import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { DesiredModel } from './settings.ts'

/** Every version of every model that is to be served. */
export type Models = readonly DesiredModel[]

/** One version of one model, for maps. */
export function keyOf({ name, digest }: Pick<DesiredModel, 'name' | 'digest'>): string {
  return `${name} ${digest}`
}

/** What stands in `models` and not in `others`. */
export function without(models: Models, others: Models): DesiredModel[] {
  const keys = new Set(others.map(keyOf))
  return models.filter((model) => !keys.has(keyOf(model)))
}

/**
 * A change in steps that never leaves a request without its model, whatever process is how far: first the new versions
 * stand beside the old, which answer as before; then the new ones answer as they shall, with the old still there for
 * what is under way; then the old are gone.
 */
export function expanded(old: Models, next: Models): DesiredModel[] {
  const names = new Set(old.map(({ name }) => name))
  const fresh = without(next, old)
  return [...old, ...fresh.map((model) => (names.has(model.name) ? aside(model) : model))]
}

/** The second step. */
export function switched(old: Models, next: Models): DesiredModel[] {
  const names = new Set(next.map(({ name }) => name))
  return [...next, ...without(old, next).map((model) => (names.has(model.name) ? aside(model) : model))]
}

/** A version that stands by and answers to its digest alone. */
function aside(model: DesiredModel): DesiredModel {
  return { ...model, labels: [], isDefault: false }
}

/** What is wanted, but for the models of these names: those stay as they were, all their versions. */
export function keeping(old: Models, next: Models, names: ReadonlySet<string>): DesiredModel[] {
  return [...next.filter(({ name }) => !names.has(name)), ...old.filter(({ name }) => names.has(name))]
}

/** @throws {ServingError} `conflict` when a label is that of two versions, `invalid_argument` when no version is a model's default */
export function checkModels(models: Models): void {
  const owners = new Map<string, string>()
  for (const { name, digest, labels, isDefault } of models) {
    for (const label of isDefault ? ['default', ...labels] : labels) {
      const key = `${name} ${label}`
      const owner = owners.get(key)
      if (owner !== undefined && owner !== digest)
        throw new ServingError(
          'conflict',
          `${quote(label)} of the model ${quote(name)} is both ${owner.slice(0, 12)} and ${digest.slice(0, 12)}`,
        )
      owners.set(key, digest)
    }
  }
  for (const { name } of models)
    if (!owners.has(`${name} default`))
      throw new ServingError('invalid_argument', `the model ${quote(name)} has no default version`)
}

/** What a person wants to know of a change. */
export function describeChange(old: Models, next: Models): { added: string[]; removed: string[] } {
  const show = (models: Models) => models.map(({ name, digest }) => `${name} ${digest.slice(0, 12)}`)
  return { added: show(without(next, old)), removed: show(without(old, next)) }
}

/** Whether two states are the same to those who serve them. */
export function isSameState(a: Models, b: Models): boolean {
  const show = (models: Models) =>
    models
      .map(({ name, digest, labels, isDefault }) => JSON.stringify([name, digest, labels, isDefault]))
      .toSorted((one, other) => (one < other ? -1 : 1))
      .join()
  return show(a) === show(b)
}
