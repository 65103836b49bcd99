import { IConstruct, IValidation } from 'constructs';
import { noteOwnWarnings } from '../core/warnings';

/**
 * Checks a workload by rendering it when cdk8s validates its app, and keeps what was rendered until cdk8s renders it. A synth
 * validates all constructs first and renders next, with nothing of the app's code in between.
 *
 * cdk8s validates the whole app once per chart, so what was validated is not looked at again before it is rendered. What
 * changes afterwards is checked when it is rendered.
 *
 * @internal
 */
export abstract class RenderedOnce<T> implements IValidation {
  private validated = false;
  private isValidating = false;
  private pass: number;
  private keptIn?: number;
  private kept?: T;

  protected constructor(workload: IConstruct) {
    countPasses(workload.node.root);
    this.pass = passes;
    workload.node.addValidation(this);
    noteOwnWarnings(workload);
  }

  /** Renders the workload through `take`, and looks at what only a whole app shows. */
  protected abstract renderAll(): void;

  /** What is wrong, when rendering was refused. */
  protected abstract errorsOf(error: unknown): string[];

  /** What was rendered when the app was validated, once; else what is rendered now. */
  protected take(render: () => T): T {
    const { kept, keptIn } = this;
    this.kept = undefined;
    this.keptIn = undefined;
    if (keptIn === synth) return kept as T;
    const value = render();
    if (this.isValidating) {
      this.kept = value;
      this.keptIn = currentSynth();
    }
    return value;
  }

  /** What is wrong with the workload; called by cdk8s. */
  public validate(): string[] {
    const byApp = this.pass !== passes;
    this.pass = passes;
    if (!byApp) this.kept = this.keptIn = undefined;
    if (this.validated) return [];
    this.isValidating = byApp;
    try {
      this.renderAll();
      this.validated = true;
      return [];
    } catch (error) {
      endSynth(); // nothing is rendered after an error, and the app may change before the next synth
      return this.errorsOf(error);
    } finally {
      this.isValidating = false;
    }
  }
}

/** Validations of whole apps. A workload that is validated twice in one of them was not validated by its app. */
let passes = 0;
const roots = new WeakSet<IConstruct>();

/** cdk8s validates the root first. */
function countPasses(root: IConstruct): void {
  if (roots.has(root)) return;
  roots.add(root);
  root.node.addValidation({
    validate: () => {
      passes++;
      return [];
    },
  });
}

/** Synchronous calls: a new one begins when the one that asked has returned. */
let synth = 0;
let ending = false;

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
