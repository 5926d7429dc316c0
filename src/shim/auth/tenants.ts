/** Where an admin's recoveries run. */
export interface Tenant {
  readonly namespace: string;
  /** Name of the RecoveryTarget in that namespace. */
  readonly target: string;
}

/** Maps admins to namespaces and targets. One faynoSync installation needs only the default. */
export class Tenants {
  readonly #default: Tenant;
  readonly #mapped: ReadonlyMap<string, Tenant>;

  constructor(defaultTenant: Tenant, mapped: ReadonlyMap<string, Tenant> = new Map()) {
    this.#default = defaultTenant;
    this.#mapped = mapped;
  }

  of(admin: string): Tenant {
    return this.#mapped.get(admin) ?? this.#default;
  }

  /** Every namespace a recovery can be in. */
  get namespaces(): readonly string[] {
    return [...new Set([this.#default, ...this.#mapped.values()].map((tenant) => tenant.namespace))];
  }
}
