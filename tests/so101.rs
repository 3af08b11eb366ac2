//! Our SO-101 is the published one: its tip is in the same place, and its servos answer alike.
//!
//! `so101.json` holds what the published model does in MuJoCo; `tests/peers/robot/published.py` writes it.

use crate::support::{assets, env, task};
use serde_json::Value;
use sim::{Env, Servo};

/// m
const SAME_PLACE: f32 = 5e-4;
/// Largest difference between the joints of the two while they answer, rad: a third of the sag under gravity.
const SAME_ANSWER: f32 = 0.015;

fn published() -> Value {
    let path = assets().join("../tests/so101.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    let values = value.as_array().unwrap().iter();
    values.map(|v| v.as_f64().unwrap() as f32).collect()
}

fn at_rest(joints: &[f32]) -> Vec<Servo> {
    let servo = |&position| Servo {
        position,
        velocity: 0.0,
        target: position,
    };
    joints.iter().map(servo).collect()
}

#[test]
fn the_tip_is_where_the_published_arm_has_it() {
    let mut env = env(&task("reach"), 0);
    let poses = published()["poses"].as_array().unwrap().clone();
    assert!(poses.len() >= 20);
    for pose in &poses {
        let joints = floats(&pose["joints"]);
        env.set_servos(&at_rest(&joints)).unwrap();
        let tip = floats(&pose["tip"]);
        for (found, expected) in env.object_position().iter().zip(&tip) {
            let off = (found - expected).abs();
            assert!(off < SAME_PLACE, "{joints:?}: {off} m");
        }
    }
}

#[test]
fn the_servos_answer_as_the_published_ones() {
    let published = published();
    let (interval, answers) = (
        published["interval"].as_f64().unwrap() as f32,
        published["answers"].as_array().unwrap(),
    );
    let mut env = env(&task("reach"), 0);
    assert!(answers.len() >= 10);
    for answer in answers {
        let off = largest_difference(&mut env, answer, interval);
        assert!(off.iter().all(|off| *off < SAME_ANSWER), "{off:?} rad");
    }
}

/// Of each joint over the whole answer, rad.
fn largest_difference(env: &mut Env, answer: &Value, interval: f32) -> Vec<f32> {
    let [start, target] = ["start", "target"].map(|key| floats(&answer[key]));
    let speed = answer["speed"].as_f64().unwrap() as f32;
    let step = 1.0 / env.task().spec().control.physics_hz as f32;
    let steps = (interval / step).round() as usize;
    env.set_servos(&at_rest(&start)).unwrap();
    let mut largest = vec![0.0_f32; start.len()];
    let mut time = 0.0;
    for written in answer["joints"].as_array().unwrap() {
        for _ in 0..steps {
            let way = |(s, t): (&f32, &f32)| s + (t - s).clamp(-speed * time, speed * time);
            let targets: Vec<f32> = start.iter().zip(&target).map(way).collect();
            env.drive(&targets).unwrap();
            time += step;
        }
        let joints = env.servos().unwrap();
        for ((largest, joint), expected) in largest.iter_mut().zip(joints).zip(floats(written)) {
            *largest = largest.max((joint.position - expected).abs());
        }
    }
    largest
}
