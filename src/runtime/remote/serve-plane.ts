import type { Server } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { DataPlane, ServedModel } from '../plane.ts'
import { serveFrames, type FrameServer, type ServeFramesOptions } from './serve-frames.ts'

/** Answers frames from a data plane: what other processes forward takes its turn with the plane's own requests. */
export function servePlane(server: Server, plane: DataPlane, options?: ServeFramesOptions): FrameServer {
  return serveFrames(
    server,
    async ({ model, version, inputs, outputs, timeoutMs, priority, call }) => {
      const prediction = await plane.predict(findModel(plane, model, version), inputs, {
        outputs,
        call,
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(priority !== undefined && { priority }),
      })
      return prediction.outputs
    },
    options,
  )
}

/** Who asks serves the model itself, by way of us: that we do not hold it is no news for its callers, and will pass. */
function findModel(plane: DataPlane, name: string | undefined, version: string | undefined): ServedModel {
  try {
    return plane.model(name, version)
  } catch (error) {
    throw new ServingError('unavailable', 'the process that holds the model has not got it at the moment: try again', {
      cause: error,
    })
  }
}
