// Transactions: several statements on one connection, rolled back when the work fails or the request ends.
import type { ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { bounded } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { isDeadlock } from "./errors.ts";
import type { Parameter, Session, StatementResult } from "./session.ts";

/** Runs statements, inside a transaction or outside. `name` identifies the statement in telemetry. */
export interface Statements {
  /** Runs a SELECT and returns its rows. */
  query(name: string, sql: string, parameters?: readonly Parameter[]): Promise<RowDataPacket[]>;
  /** Runs an INSERT, UPDATE or DELETE. */
  write(name: string, sql: string, parameters?: readonly Parameter[]): Promise<ResultSetHeader>;
}

/**
 * Runs `work` in a transaction: commits when it resolves, rolls back when it rejects or `signal` aborts. Its statements run one
 * after the other; those sent after the end fail. Returns an error as soon as it happens: `rolledBack` resolves when the
 * rollback is done, and the session is busy until then. If the COMMIT gets no answer, its outcome is unknown.
 */
export async function inTransaction<Result>(
  session: Session,
  work: (transaction: Statements) => Promise<Result>,
  signal: CancelSignal | undefined,
): Promise<{ result: Result } | { error: unknown; rolledBack: Promise<void> }> {
  const transaction = new Transaction(session, signal);
  try {
    await session.run("BEGIN", "START TRANSACTION", [], signal);
    const result = await bounded(work(transaction), { signal });
    await transaction.commit();
    return { result };
  } catch (error) {
    return { error, rolledBack: transaction.rollBack() };
  }
}

class Transaction implements Statements {
  readonly #session: Session;
  readonly #signal: CancelSignal | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Set once no further statement may run: the error that they get. */
  #endError: unknown;

  constructor(session: Session, signal: CancelSignal | undefined) {
    this.#session = session;
    this.#signal = signal;
  }

  query(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<RowDataPacket[]> {
    return this.#enqueue<RowDataPacket[]>(name, sql, parameters);
  }

  write(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<ResultSetHeader> {
    return this.#enqueue<ResultSetHeader>(name, sql, parameters);
  }

  async commit(): Promise<void> {
    await this.#last;
    if (this.#endError !== undefined) throw this.#endError;
    this.#endError = new Error("The transaction has ended");
    // Without the signal: waiting for a COMMIT that is under way beats not knowing its outcome.
    await this.#session.run("COMMIT", "COMMIT", [], undefined);
  }

  /** Never rejects: if this rollback fails, the connection gets closed and the server rolls back. */
  async rollBack(): Promise<void> {
    this.#endError ??= new Error("The transaction has ended");
    await this.#last;
    await this.#session.run("ROLLBACK", "ROLLBACK", [], undefined).catch(() => {});
  }

  /** Runs the statement after all earlier ones. */
  #enqueue<Result extends StatementResult>(name: string, sql: string, parameters: readonly Parameter[]) {
    const statement = this.#last.then(() => {
      if (this.#endError !== undefined) throw this.#endError;
      return this.#session.run<Result>(name, sql, parameters, this.#signal);
    });
    this.#last = statement.catch((error: unknown) => {
      // After a deadlock the server has rolled back everything, and would run what follows outside any transaction.
      if (isDeadlock(error) || error instanceof Problem) this.#endError ??= error;
    });
    return statement;
  }
}
