import { ServingError } from '../../core/errors.ts'

/** For a file that is damaged, or not what it claims to be. */
export function damaged(what: string): ServingError {
  return new ServingError('refused', `the PyTorch file is damaged: ${what}; export the model again`)
}

export function unsupported(message: string): ServingError {
  return new ServingError('unsupported', message)
}
