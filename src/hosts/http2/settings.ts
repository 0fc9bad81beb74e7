import {
  ENABLE_PUSH,
  FLOW_CONTROL_ERROR,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_ERROR,
  Http2Error,
  INITIAL_WINDOW_SIZE,
  MAX_FRAME_SIZE,
  MOST,
  PROTOCOL_ERROR,
  SETTINGS,
  writeHead,
  writeUint32,
} from './frames.ts'

const ENTRY_BYTES = 6

/** Largest frame that a client may ask for (bytes). @see RFC 9113, SETTINGS_MAX_FRAME_SIZE */
const MOST_FRAME_BYTES = 2 ** 24 - 1

/** What of a client's settings matters to us; `undefined` where it says nothing of it. */
export interface Settings {
  readonly initialWindowBytes: number | undefined
  readonly maxFrameBytes: number | undefined
}

/**
 * Reads a client's settings.
 * @throws {Http2Error} for values that are not allowed
 * @see RFC 9113, "Defined Settings"
 */
export function readSettings(bytes: Buffer, start: number, end: number): Settings {
  if ((end - start) % ENTRY_BYTES !== 0) throw new Http2Error(FRAME_SIZE_ERROR, 'settings are cut off')
  let initialWindowBytes: number | undefined
  let maxFrameBytes: number | undefined
  for (let at = start; at < end; at += ENTRY_BYTES) {
    const name = bytes.readUInt16BE(at)
    const value = bytes.readUInt32BE(at + 2)
    if (name === INITIAL_WINDOW_SIZE) {
      if (value > MOST) throw new Http2Error(FLOW_CONTROL_ERROR, 'windows of over 2 GiB are asked for')
      initialWindowBytes = value
    } else if (name === MAX_FRAME_SIZE) {
      if (value < FRAME_BYTES || value > MOST_FRAME_BYTES)
        throw new Http2Error(PROTOCOL_ERROR, `frames of ${value} bytes are asked for`)
      maxFrameBytes = value
    } else if (name === ENABLE_PUSH && value > 1) {
      throw new Http2Error(PROTOCOL_ERROR, `pushing is set to ${value}`)
    }
  }
  return { initialWindowBytes, maxFrameBytes }
}

/** A frame of settings. */
export function settingsFrame(entries: readonly (readonly [name: number, value: number])[]): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + ENTRY_BYTES * entries.length)
  let at = writeHead(frame, 0, ENTRY_BYTES * entries.length, SETTINGS, 0, 0)
  for (const [name, value] of entries) {
    frame[at++] = name >>> 8
    frame[at++] = name
    at = writeUint32(frame, at, value)
  }
  return frame
}
