/** The signature that a request means when it names none. @see TensorFlow's SavedModel, `DEFAULT_SERVING_SIGNATURE_DEF_KEY` */
export const SIGNATURE_NAME = 'serving_default'
