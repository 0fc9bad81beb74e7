/** What the schema says of a document: whether it is a manifest, and where not. */
export const validate: {
  (document: unknown): boolean
  errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null
}
