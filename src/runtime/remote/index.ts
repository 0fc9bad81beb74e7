export { connectReplicas, type ReplicaOptions, type Replicas } from './connect-replicas.ts'
export { createRunQueue, type RunQueueOptions } from './run-queue.ts'
export { serveFrames, type FrameServer, type RemoteRequest, type ServeFramesOptions } from './serve-frames.ts'
export { servePlane } from './serve-plane.ts'
