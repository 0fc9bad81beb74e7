import { versionName, type ServedModel } from '../../runtime/plane.ts'

/** The signature that a request means when it names none. @see TensorFlow's SavedModel, `DEFAULT_SERVING_SIGNATURE_DEF_KEY` */
export const SIGNATURE_NAME = 'serving_default'

/**
 * How a version is called where versions are integers: by its label that is one, else, since inventing a number would
 * give a name that no request can use, by the first digits of its digest.
 */
export function servableVersion(model: ServedModel): string {
  return model.labels.find((label) => /^\d{1,18}$/.test(label)) ?? versionName(model)
}
