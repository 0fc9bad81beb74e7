/** Names that a model may have: they stand in paths, labels and URLs. Upper and lower case are different names. */
export const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/
