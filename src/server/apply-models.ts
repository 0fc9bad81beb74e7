import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import type { PlaneLoadOptions, LocalPlane } from '../runtime/local-plane.ts'
import { keyOf, without, type Models } from './desired-state.ts'
import type { DesiredModel } from './settings.ts'

/** What a version is loaded from. */
export interface Loadable {
  readonly bundle: OpenBundle
  readonly options: PlaneLoadOptions
}

/** What became of a version that was to be loaded. */
export interface LoadOutcome {
  readonly name: string
  readonly digest: string
  /** Why it is not served; absent when it is. */
  readonly error?: ServingError
}

/** Makes a plane serve what it is told to. */
export interface Applier {
  /**
   * Loads what is new, then gives every version its labels, then takes out what is not wanted any more; so a version that
   * cannot be loaded costs nothing but itself.
   * @returns one outcome for each version that was not loaded before
   */
  apply(models: Models): Promise<LoadOutcome[]>
}

/** @param open reads a version's bundle, ready to be loaded */
export function createApplier(plane: LocalPlane, open: (model: DesiredModel) => Promise<Loadable>): Applier {
  /** What is loaded, with all of its bundle that relabelling takes. */
  const loaded = new Map<string, { model: DesiredModel; readonly bundle: OpenBundle }>()

  async function load(model: DesiredModel, isNewName: boolean): Promise<LoadOutcome> {
    const { name, digest } = model
    try {
      const { bundle, options } = await open(model)
      // beside others of its name it stands by until all are loaded
      const shown = isNewName ? model : { ...model, labels: [], isDefault: false }
      await plane.load(bundle, { ...options, ...placeOf(shown) })
      loaded.set(keyOf(model), { model: shown, bundle: { ...bundle, files: new Map() } })
      return { name, digest }
    } catch (thrown) {
      return { name, digest, error: ServingError.from(thrown) }
    }
  }

  async function show(model: DesiredModel): Promise<void> {
    const known = loaded.get(keyOf(model))
    if (known === undefined || isSamePlace(known.model, model)) return
    known.model = model
    await plane.load(known.bundle, placeOf(model))
  }

  return {
    async apply(models) {
      const before = [...loaded.values()].map(({ model }) => model)
      const names = new Set(before.map(({ name }) => name))
      const outcomes: LoadOutcome[] = []
      for (const model of without(models, before).toSorted(defaultFirst))
        outcomes.push(await load(model, !names.has(model.name)))
      for (const model of models) await show(model)
      const gone = without(before, models)
      for (const model of gone) loaded.delete(keyOf(model))
      await Promise.all(gone.map(({ name, digest }) => plane.unload(name, digest)))
      return outcomes
    },
  }
}

function placeOf({ name, labels, isDefault }: DesiredModel): PlaneLoadOptions {
  return { name, labels, isDefault }
}

function isSamePlace(a: DesiredModel, b: DesiredModel): boolean {
  return a.isDefault === b.isDefault && a.labels.join() === b.labels.join()
}

/** The first of a name to be loaded answers for it meanwhile. */
function defaultFirst(a: DesiredModel, b: DesiredModel): number {
  return Number(b.isDefault) - Number(a.isDefault)
}
