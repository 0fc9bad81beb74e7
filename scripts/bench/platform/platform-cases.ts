import type { Case } from '../cases.ts'

/** As the cells and the tables call the platform. */
export const PLATFORM = 'slipway-platform'

/** `slipway serve` and the platform are asked so. */
export const PLATFORM_CASES: readonly Case[] = [
  { model: 'tiny', rows: 1, connections: 64 },
  { model: 'tiny', rows: 1, connections: 8 },
]
