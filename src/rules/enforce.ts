import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { checkManifests } from './check-manifests';
import { isBlocking, messageOf } from './check-pod';

/**
 * Adds the rules to the validation of a scope. cdk8s validates the whole app once a chart, so objects that were found good
 * are not rendered again.
 *
 * @internal
 */
export function enforceIn(scope: IConstruct, runtimeClassNames?: string[]): void {
  let foundGood = false;
  const validate = () => {
    if (foundGood) return [];
    const objects = scope.node.findAll().filter((construct) => ApiObject.isApiObject(construct)) as ApiObject[];
    const manifests = objects.map((object) => object.toJson());
    const errors = checkManifests(manifests, runtimeClassNames)
      .filter(isBlocking)
      .map((violation) => `${objects[violation.manifest]?.node.path}: ${messageOf(violation)}`);
    foundGood = errors.length === 0;
    return errors;
  };
  scope.node.addValidation({ validate });
}
