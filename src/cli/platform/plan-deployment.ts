import type { EndpointSpecInput } from '../../api/api-types.ts'
import type { EndpointSpec, RolloutSpec, ScalingSpec, VariantSpec } from '../../api/resources.ts'

/** What a person wishes of a deployment besides the model itself; the rest stays as it is. */
export interface DeployWishes {
  /** Variant to replace or add; when absent, the new version takes the place of all that answer now. */
  readonly variant: string | undefined
  readonly weight: number | undefined
  readonly shadow: number | undefined
  readonly scaling: Partial<ScalingSpec>
  readonly isolation: VariantSpec['isolation'] | undefined
  readonly rollout: Partial<RolloutSpec>
}

/**
 * What an endpoint shall be told to be, so that a new version answers there.
 * Settings of what it replaces are kept: scaling, isolation, capture, stickiness. Shadows stay beside it.
 * @param current what the endpoint was told to be; undefined for a new one
 */
export function planDeployment(
  current: EndpointSpec | undefined,
  { model, version }: Pick<VariantSpec, 'model' | 'version'>,
  wishes: DeployWishes,
): EndpointSpecInput {
  const variants = current?.variants ?? []
  const rollout = { ...current?.rollout, ...wishes.rollout }
  const { isolation, weight, shadow } = wishes
  const settings = (before: VariantSpec | undefined) => ({
    scaling: { ...before?.scaling, ...wishes.scaling },
    ...(isolation === undefined ? (before === undefined ? {} : { isolation: before.isolation }) : { isolation }),
  })
  const named = variants.find(({ name }) => name === wishes.variant)
  if (wishes.variant !== undefined && variants.length > 0) {
    const share =
      shadow === undefined
        ? { weight: weight ?? named?.weight ?? 0, ...(weight === undefined ? shadowOf(named) : {}) }
        : { weight: 0, shadow }
    const made = { name: wishes.variant, model, version, ...share, ...settings(named) }
    const others = variants.filter(({ name }) => name !== wishes.variant)
    return { ...current, rollout, variants: [...others, made] }
  }
  const live = variants.filter((each) => each.shadow === undefined)
  const main = live.toSorted((a, b) => b.weight - a.weight)[0]
  const shadows = variants.filter((each) => each.shadow !== undefined)
  const name = wishes.variant ?? newName(model, version, variants)
  const made = { name, model, version, weight: weight ?? 1, ...settings(main) }
  return { ...current, rollout, variants: [made, ...shadows] }
}

function shadowOf(variant: VariantSpec | undefined): Pick<VariantSpec, 'shadow'> {
  return variant?.shadow === undefined ? {} : { shadow: variant.shadow }
}

/** A variant is called after its version, so that old and new have names of their own while both answer. */
function newName(model: string, version: number | string, variants: readonly VariantSpec[]): string {
  const name = `v${version}`
  return variants.some((each) => each.name === name) ? `${model.slice(0, 50)}-${name}` : name
}
