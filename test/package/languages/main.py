from cdk8s import App, Chart, Duration, Size
from cdk8s_plus_30 import ContainerProps
from cdk8s_sysbox import (
    DockerDaemonOptions, DockerEngineOptions, DockerPod, RolloutOptions, SysboxInstallationProps, SysboxRuntime,
    SystemDeployment, SystemdMachineOptions, SystemdPod, SystemOptions, SystemStorage,
)

app = App()
chart = Chart(app, "app", namespace="demo")
runtime = SysboxRuntime(
    chart, "Sysbox",
    installation=SysboxInstallationProps(rollout=RolloutOptions(failure_budget=2, deadline=Duration.minutes(5))),
)
SystemDeployment(
    chart, "Ubuntu",
    system=SystemOptions(runtime=runtime, node_selector={"disk": "ssd"}),
    replicas=2,
    containers=[ContainerProps(image="ubuntu:24.04", command=["sleep", "infinity"])],
)
DockerPod(
    chart, "Docker",
    system=SystemOptions(runtime=runtime),
    docker=DockerEngineOptions(
        storage=SystemStorage.empty_dir(Size.gibibytes(5)),
        daemon=DockerDaemonOptions(registry_mirrors=["https://mirror.example.org"]),
    ),
)
SystemdPod(
    chart, "Machine",
    system=SystemOptions(runtime=runtime),
    systemd=SystemdMachineOptions(container=ContainerProps(image="registry.example.org/debian-systemd:12")),
)
app.synth()
