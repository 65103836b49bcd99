import { IConstruct } from 'constructs';

/**
 * Checks a workload when cdk8s validates its app, and keeps what was rendered for that until cdk8s renders it, in the same
 * synchronous call: a synth validates first and renders next, with nothing of the app's code in between.
 *
 * cdk8s validates the whole app once per chart, so what was validated is not looked at again before it is rendered. What
 * changes afterwards is checked when it is rendered.
 *
 * @internal
 */
export class RenderedOnce<T> {
  private validated = false;
  private validating = false;
  private kept?: { readonly value: T; readonly synth: number };

  public constructor(
    workload: IConstruct,
    private readonly render: () => unknown,
    private readonly errorsOf: (error: unknown) => string[],
  ) {
    workload.node.addValidation({ validate: () => this.validate() });
  }

  /** What validation produced in the same synchronous call, once; else what is produced now. */
  public take(produce: () => T): T {
    const { kept } = this;
    this.kept = undefined;
    if (kept?.synth === currentSynth()) return kept.value;
    const value = produce();
    if (this.validating) this.kept = { value, synth: currentSynth() };
    return value;
  }

  private validate(): string[] {
    if (this.validated) return [];
    this.validating = true;
    try {
      this.render();
      this.validated = true;
      return [];
    } catch (error) {
      endSynth(); // nothing is rendered after an error, and the app may change before the next synth
      return this.errorsOf(error);
    } finally {
      this.validating = false;
    }
  }
}

let synth = 0;
let ending = false;

/** Counts synchronous calls: it changes when the one that asks has returned. */
function currentSynth(): number {
  if (!ending) {
    ending = true;
    queueMicrotask(endSynth);
  }
  return synth;
}

function endSynth(): void {
  synth++;
  ending = false;
}
