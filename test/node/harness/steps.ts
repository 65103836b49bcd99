// Times of what a test did, printed as they happen and once more as a table for docs/verified.md.
import { accelerator } from './prerequisites';

export class Steps {
  private readonly rows: { name: string; seconds: number }[] = [];

  constructor(private readonly title: string) {}

  async step<T>(name: string, action: () => Promise<T>): Promise<T> {
    const start = Date.now();
    try {
      const value = await action();
      this.note(name, Date.now() - start);
      return value;
    } catch (error) {
      this.note(`${name}: FAILED`, Date.now() - start);
      throw error;
    }
  }

  note(name: string, ms: number): void {
    this.rows.push({ name, seconds: ms / 1000 });
    process.stdout.write(`  ${(ms / 1000).toFixed(1).padStart(7)} s  ${name}\n`);
  }

  print(): void {
    const rows = this.rows.map(({ name, seconds }) => `| ${name} | ${seconds.toFixed(1)} |`);
    process.stdout.write(
      [`\n### ${this.title} (${accelerator()})\n`, '| step | seconds |', '|---|---:|', ...rows, ''].join('\n') + '\n',
    );
  }
}
