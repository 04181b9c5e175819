import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who signs in with an identity provider is known by the e-mail address. */
export class MembersByEmail1763700000016 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX members_by_email ON members (lower(view ->> 'email'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX members_by_email');
  }
}
