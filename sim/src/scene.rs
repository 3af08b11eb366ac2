//! An MJCF scene turned into a rapier world: the blueprint that every environment forks, and its names.

use crate::error::SimError;
use crate::shapes::Appearance;
use crate::spec::ControlSpec;
use crate::world::World;
use rapier3d::prelude::*;
use rapier3d_mjcf::mjcf_rs::extras::Keyframe;
use rapier3d_mjcf::{
    MjcfDofKind, MjcfLoaderOptions, MjcfMultibodyOptions, MjcfRobot, MjcfRobotHandles,
};
use std::collections::HashMap;
use std::path::Path;

/// A body, or a point fixed to one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entity {
    pub body: RigidBodyHandle,
    /// Offset in the body's frame, metres.
    pub offset: Vector,
}

/// A single-axis joint of the scene.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joint {
    pub handle: MultibodyJointHandle,
    pub is_hinge: bool,
    /// Start of the joint's slot in the generalised coordinates.
    pub qpos: usize,
    /// Start of the joint's slot in the generalised velocities.
    pub qvel: usize,
    /// m or rad; infinite when the scene gives none.
    pub range: [f32; 2],
}

impl Joint {
    /// Coordinate and velocity, m and m/s or rad and rad/s.
    pub fn state(&self, world: &World) -> (f32, f32) {
        let Some((multibody, id)) = world.physics.multibody_joints.get(self.handle) else {
            return (0.0, 0.0);
        };
        let Some(link) = multibody.link(id) else {
            return (0.0, 0.0);
        };
        let coords = link.joint().coords();
        let coordinate = if self.is_hinge { coords[3] } else { coords[0] };
        (coordinate, multibody.joint_velocity(link)[0])
    }
}

/// What never changes about a scene.
pub(crate) struct Scene {
    pub blueprint: World,
    pub handles: MjcfRobotHandles<Option<MultibodyJointHandle>>,
    robot: MjcfRobot,
    entities: HashMap<String, Entity>,
    joints: HashMap<String, Joint>,
    actuators: HashMap<String, (usize, String)>,
    /// Start of each free body's slot in the generalised coordinates.
    free_bodies: HashMap<String, usize>,
    /// Generalised coordinates as the file has them.
    pub qpos: Vec<f64>,
    /// The shapes of its bodies.
    pub appearance: Appearance,
    /// Those bodies, in the same order.
    shown: Vec<RigidBodyHandle>,
}

impl Scene {
    /// Loads an MJCF file, inserts it with multibody joints and lets the solver assemble it once.
    pub fn load(path: &Path, control: &ControlSpec) -> Result<Self, SimError> {
        let fail = |message: String| SimError::Scene {
            path: path.to_owned(),
            message,
        };
        if !path.is_file() {
            return Err(fail("no such file".to_owned()));
        }
        let options = MjcfLoaderOptions {
            skip_plane_geoms: false,
            ..Default::default()
        };
        let (robot, model) =
            MjcfRobot::from_file(path, options).map_err(|e| fail(format!("{e:#}")))?;
        let mut physics = PhysicsWorld::new();
        physics.gravity = robot.gravity;
        physics.integration_parameters.dt = 1.0 / control.physics_hz as f32;
        physics.integration_parameters.length_unit = control.length_unit_m;
        let handles = robot.clone().insert_using_multibody_joints(
            &mut physics.bodies,
            &mut physics.colliders,
            &mut physics.multibody_joints,
            &mut physics.impulse_joints,
            MjcfMultibodyOptions::DISABLE_SELF_CONTACTS,
        );

        let mut entities = HashMap::new();
        for (name, &index) in &robot.body_name_to_idx {
            if let Some(body) = handles.bodies.get(index).and_then(Option::as_ref) {
                entities.insert(
                    name.clone(),
                    Entity {
                        body: body.body,
                        offset: Vector::ZERO,
                    },
                );
            }
        }
        for entry in &model.bodies {
            let owner = entry.body.name.as_ref().and_then(|n| entities.get(n));
            let Some(&Entity { body, .. }) = owner else {
                continue;
            };
            for site in &entry.body.sites {
                if let Some(name) = &site.name {
                    let p = site.pose.translation;
                    let offset = Vector::new(p.x as f32, p.y as f32, p.z as f32);
                    entities.insert(name.clone(), Entity { body, offset });
                }
            }
        }

        let mut joints = HashMap::new();
        let mut free_bodies = HashMap::new();
        let mut qpos = Vec::new();
        let mut dofs = 0;
        for dof in &robot.qpos_dofs {
            let (slot, qvel) = (qpos.len(), dofs);
            dofs += dof.kind.qvel_width();
            match dof.kind {
                MjcfDofKind::Free => {
                    let body = &robot.bodies[dof.body];
                    let (t, r) = (body.body.translation(), body.body.rotation());
                    qpos.extend([t.x, t.y, t.z, r.w, r.x, r.y, r.z].map(f64::from));
                    if let Some(name) = &body.name {
                        free_bodies.insert(name.clone(), slot);
                    }
                }
                MjcfDofKind::Ball => qpos.extend([1.0, 0.0, 0.0, 0.0]),
                MjcfDofKind::Hinge | MjcfDofKind::Slide => {
                    qpos.push(f64::from(dof.reference));
                    let is_hinge = dof.kind == MjcfDofKind::Hinge;
                    let Some(index) = dof.joint else { continue };
                    let (Some(handle), Some(name)) =
                        (handles.joints[index].joint, &robot.joints[index].name)
                    else {
                        continue;
                    };
                    let axis = if is_hinge {
                        JointAxis::AngX
                    } else {
                        JointAxis::LinX
                    };
                    let range = robot.joints[index]
                        .joint
                        .limits(axis)
                        .map_or([f32::NEG_INFINITY, f32::INFINITY], |l| [l.min, l.max]);
                    joints.insert(
                        name.clone(),
                        Joint {
                            handle,
                            is_hinge,
                            qpos: slot,
                            qvel,
                            range,
                        },
                    );
                }
            }
        }
        let actuators = robot
            .actuators
            .iter()
            .enumerate()
            .filter_map(|(i, a)| Some((a.actuator.name.clone()?, (i, a.actuator.joint.clone()?))))
            .collect();

        // In the order of the file.
        let named = |index: usize| robot.body_name_to_idx.iter().find(|(_, i)| **i == index);
        let (names, shown) = handles
            .bodies
            .iter()
            .enumerate()
            .filter_map(|(i, body)| Some((named(i)?.0.clone(), body.as_ref()?.body)))
            .unzip();
        let appearance = Appearance::of(&model, names);

        // A fixed-root multibody sheds the six degrees of freedom of its root in its first step.
        let mut blueprint = World::new(physics);
        blueprint.step().map_err(fail)?;
        Ok(Self {
            blueprint,
            handles,
            robot,
            entities,
            joints,
            actuators,
            free_bodies,
            qpos,
            appearance,
            shown,
        })
    }

    /// A body or site by name.
    pub fn entity(&self, name: &str) -> Option<Entity> {
        self.entities.get(name).copied()
    }

    /// A hinge or slide by name.
    pub fn joint(&self, name: &str) -> Option<Joint> {
        self.joints.get(name).copied()
    }

    /// The joint whose slot in the generalised coordinates starts here.
    pub fn joint_at(&self, qpos: usize) -> Option<Joint> {
        self.joints.values().find(|j| j.qpos == qpos).copied()
    }

    /// An actuator's index and the joint that it drives.
    pub fn actuator(&self, name: &str) -> Option<(usize, &str)> {
        self.actuators.get(name).map(|(i, j)| (*i, j.as_str()))
    }

    /// Start of a free body's seven generalised coordinates.
    pub fn free_body(&self, name: &str) -> Option<usize> {
        self.free_bodies.get(name).copied()
    }

    /// The bodies of the appearance, in its order.
    pub fn bodies(&self) -> &[RigidBodyHandle] {
        &self.shown
    }

    /// Bodies by name, for viewers and disturbances.
    pub fn body_names(&self) -> impl Iterator<Item = &str> {
        self.robot.body_name_to_idx.keys().map(String::as_str)
    }

    /// Writes generalised coordinates into a world and brings it to rest.
    pub fn place(&self, world: &mut World, qpos: &[f64]) {
        self.place_moving(world, qpos, &self.rest());
    }

    /// Generalised velocities at rest.
    pub fn rest(&self) -> Vec<f64> {
        let widths = self.robot.qpos_dofs.iter().map(|d| d.kind.qvel_width());
        vec![0.0; widths.sum()]
    }

    /// Writes generalised coordinates and velocities into a world. Velocities of bodies follow with the next step.
    pub fn place_moving(&self, world: &mut World, qpos: &[f64], qvel: &[f64]) {
        let key = Keyframe {
            qpos: qpos.to_vec(),
            qvel: qvel.to_vec(),
            ..Keyframe::default()
        };
        let physics = &mut world.physics;
        self.handles.apply_keyframe(
            &mut physics.bodies,
            &mut physics.multibody_joints,
            &self.robot,
            &key,
        );
    }
}
