package main

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk8s-sysbox/cdk8s-sysbox-go/cdk8ssysbox"
	"github.com/cdk8s-team/cdk8s-core-go/cdk8s/v2"
	"github.com/cdk8s-team/cdk8s-plus-go/cdk8splus30/v2"
)

func main() {
	defer jsii.Close()
	app := cdk8s.NewApp(nil)
	chart := cdk8s.NewChart(app, jsii.String("app"), &cdk8s.ChartProps{Namespace: jsii.String("demo")})
	runtime := cdk8ssysbox.NewSysboxRuntime(chart, jsii.String("Sysbox"), &cdk8ssysbox.SysboxRuntimeProps{
		Installation: &cdk8ssysbox.SysboxInstallationProps{
			Rollout: &cdk8ssysbox.RolloutOptions{
				FailureBudget: jsii.Number(2),
				Deadline:      cdk8s.Duration_Minutes(jsii.Number(5)),
			},
		},
	})
	system := &cdk8ssysbox.SystemOptions{Runtime: runtime}
	cdk8ssysbox.NewSystemDeployment(chart, jsii.String("Ubuntu"), &cdk8ssysbox.SystemDeploymentProps{
		System:   &cdk8ssysbox.SystemOptions{Runtime: runtime, NodeSelector: &map[string]*string{"disk": jsii.String("ssd")}},
		Replicas: jsii.Number(2),
		Containers: &[]*cdk8splus30.ContainerProps{
			{Image: jsii.String("ubuntu:24.04"), Command: jsii.Strings("sleep", "infinity")},
		},
	})
	cdk8ssysbox.NewDockerPod(chart, jsii.String("Docker"), &cdk8ssysbox.DockerPodProps{
		System: system,
		Docker: &cdk8ssysbox.DockerEngineOptions{
			Storage: cdk8ssysbox.SystemStorage_EmptyDir(cdk8s.Size_Gibibytes(jsii.Number(5))),
			Daemon:  &cdk8ssysbox.DockerDaemonOptions{RegistryMirrors: jsii.Strings("https://mirror.example.org")},
		},
	})
	cdk8ssysbox.NewSystemdPod(chart, jsii.String("Machine"), &cdk8ssysbox.SystemdPodProps{
		System: system,
		Systemd: &cdk8ssysbox.SystemdMachineOptions{
			Container: &cdk8splus30.ContainerProps{Image: jsii.String("registry.example.org/debian-systemd:12")},
		},
	})
	app.Synth()
}
