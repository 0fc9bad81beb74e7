/** The version of this Slipway, as `package.json` has it; a test holds the two together. */
export const VERSION = '0.1.0'

declare const SLIPWAY_BUILD: string | undefined

/**
 * What tells this build from every other one: the digest of its sources, put there by `npm run build`. What one build has
 * found good need not be good for another. Undefined where sources run unbuilt, which may change at any time.
 */
export const BUILD: string | undefined = typeof SLIPWAY_BUILD === 'undefined' ? undefined : SLIPWAY_BUILD
