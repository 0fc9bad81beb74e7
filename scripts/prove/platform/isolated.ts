import { busyLinearModel } from '../busy-model.ts'
import type { Proof } from '../proof.ts'
import { FIRST_FACTOR } from '../served.ts'
import { killWorkers } from '../workers.ts'
import { servePlatform } from './served-platform.ts'

/** Kills one of two isolated processes of an endpoint after the other. */
export const isolated: Proof = {
  name: 'isolated',
  claim: 'an isolated process of an endpoint that is killed costs no request',
  plant: 'a runner dies with it',
  seconds: 45,
  run: async (options) =>
    killWorkers(
      options,
      await servePlatform(options.folder, 'isolated', {
        variant: { isolation: 'process' },
        bytes: busyLinearModel(FIRST_FACTOR),
      }),
    ),
}
