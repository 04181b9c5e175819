export type { SecretPlace, VaultKey } from './sealed-secret.js';
export { UnsealableSecretError, VaultKeyError } from './vault-faults.js';
export { FileKeys, givenKeys, vaultKeysFrom } from './vault-keys.js';
export type { ChangeableKeys, KeyRing, VaultKeys } from './vault-keys.js';
export { resealVaults, Vault, vaultTable } from './vault.js';
export type { RotationReport, VaultTable } from './vault.js';
