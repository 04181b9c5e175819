/** Injection token of the TypeORM DataSource of the gateway's schema. */
export const READ_MODEL_SOURCE = Symbol('ReadModelSource');
