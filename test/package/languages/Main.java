import io.github.cdk8s_sysbox.*;
import java.util.List;
import java.util.Map;
import org.cdk8s.App;
import org.cdk8s.Chart;
import org.cdk8s.ChartProps;
import org.cdk8s.Duration;
import org.cdk8s.Size;
import org.cdk8s.plus30.ContainerProps;

public class Main {
  public static void main(String[] args) {
    App app = new App();
    Chart chart = new Chart(app, "app", ChartProps.builder().namespace("demo").build());
    SysboxRuntime runtime = SysboxRuntime.Builder.create(chart, "Sysbox")
        .installation(SysboxInstallationProps.builder()
            .rollout(RolloutOptions.builder().failureBudget(2).deadline(Duration.minutes(5)).build())
            .build())
        .build();
    SystemDeployment.Builder.create(chart, "Ubuntu")
        .system(SystemOptions.builder().runtime(runtime).nodeSelector(Map.of("disk", "ssd")).build())
        .replicas(2)
        .containers(List.of(ContainerProps.builder()
            .image("ubuntu:24.04").command(List.of("sleep", "infinity")).build()))
        .build();
    DockerPod.Builder.create(chart, "Docker")
        .system(SystemOptions.builder().runtime(runtime).build())
        .docker(DockerEngineOptions.builder()
            .storage(SystemStorage.emptyDir(Size.gibibytes(5)))
            .daemon(DockerDaemonOptions.builder().registryMirrors(List.of("https://mirror.example.org")).build())
            .build())
        .build();
    SystemdPod.Builder.create(chart, "Machine")
        .system(SystemOptions.builder().runtime(runtime).build())
        .systemd(SystemdMachineOptions.builder()
            .container(ContainerProps.builder().image("registry.example.org/debian-systemd:12").build())
            .build())
        .build();
    app.synth();
  }
}
