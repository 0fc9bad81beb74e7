export { createClient, type CallInput, type Client, type ClientOptions } from './client.ts'
export { followEvents, followLogs, type FollowEvents, type FollowLogs } from './follow-events.ts'
export { createFetchTransport, TransportError, type Transport, type WireAnswer, type WireCall } from './transport.ts'
