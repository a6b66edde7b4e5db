// All or nothing: several statements on one connection, undone when one of them fails or the request ends.
import type { ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { bounded } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { isDeadlock } from "./errors.ts";
import type { Parameter, Session, StatementResult } from "./session.ts";

/** What can be asked of the database, in a transaction and without. `name` is the statement's name in telemetry. */
export interface Statements {
  /** The rows of a SELECT. */
  query(name: string, sql: string, parameters?: readonly Parameter[]): Promise<RowDataPacket[]>;
  /** Runs an INSERT, UPDATE or DELETE. */
  execute(name: string, sql: string, parameters?: readonly Parameter[]): Promise<ResultSetHeader>;
}

/**
 * Runs `work` in a transaction: commits when it resolves, rolls back when it rejects or `signal` aborts. What `work` does
 * after that fails, its statements run one after the other. Rejects at once when time is up, with the rollback still to come:
 * the session is not whole before that is done. When the COMMIT itself is not answered, nobody knows whether it took place.
 */
export async function inTransaction<Result>(
  session: Session,
  work: (transaction: Statements) => Promise<Result>,
  signal: CancelSignal | undefined,
): Promise<{ result: Result } | { error: unknown; undone: Promise<void> }> {
  const transaction = new Transaction(session, signal);
  try {
    await session.run("BEGIN", "START TRANSACTION", [], signal);
    const result = await bounded(work(transaction), { signal });
    await transaction.commit();
    return { result };
  } catch (error) {
    return { error, undone: transaction.rollBack() };
  }
}

class Transaction implements Statements {
  readonly #session: Session;
  readonly #signal: CancelSignal | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Why no further statement is run. */
  #over: unknown;

  constructor(session: Session, signal: CancelSignal | undefined) {
    this.#session = session;
    this.#signal = signal;
  }

  query(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<RowDataPacket[]> {
    return this.#inTurn<RowDataPacket[]>(name, sql, parameters);
  }

  execute(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<ResultSetHeader> {
    return this.#inTurn<ResultSetHeader>(name, sql, parameters);
  }

  async commit(): Promise<void> {
    await this.#last;
    if (this.#over !== undefined) throw this.#over;
    this.#over = new Error("The transaction has ended");
    // Not ended by the signal: a COMMIT that is under way is better waited for than left in doubt.
    await this.#session.run("COMMIT", "COMMIT", [], undefined);
  }

  /** Never rejects: what cannot be rolled back here is by the server, when its connection is closed. */
  async rollBack(): Promise<void> {
    this.#over ??= new Error("The transaction has ended");
    await this.#last;
    await this.#session.run("ROLLBACK", "ROLLBACK", [], undefined).catch(() => {});
  }

  #inTurn<Result extends StatementResult>(name: string, sql: string, parameters: readonly Parameter[]) {
    const turn = this.#last.then(() => {
      if (this.#over !== undefined) throw this.#over;
      return this.#session.run<Result>(name, sql, parameters, this.#signal);
    });
    this.#last = turn.catch((error: unknown) => {
      // After a deadlock the server has undone all of it, and would run what follows outside of any transaction.
      if (isDeadlock(error) || error instanceof Problem) this.#over ??= error;
    });
    return turn;
  }
}
