//! Which situations lie a few random steps away from given ones, where no product leads?

use super::products::{
    AGES, BOTH, CAPACITIES, EXPLICIT, EXPLICIT_OF_GUARDIAN, GROUNDS, PURPOSES, categories,
};
use super::situation::Situation;
use super::words::{Day, Home, Kind, Reader, Role, Scope, Unit};

/// How many steps aside are taken, and how many dimensions each changes at most.
const STEPS: usize = 5_000;
const CHANGES: usize = 3;

/// Goes up to three random changes away from situations of the products, to where no product leads.
pub(super) fn steps_aside(found: &[Situation]) -> Vec<Situation> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut aside = Vec::with_capacity(STEPS);
    while aside.len() < STEPS {
        let Some(mut situation) = chance.pick(found) else {
            return aside;
        };
        for _ in 0..CHANGES {
            chance.change(&mut situation);
        }
        if situation.possible() {
            aside.push(situation);
        }
    }
    aside
}

/// Numbers that look random and are the same every time (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<V: Copy>(&mut self, values: &[V]) -> Option<V> {
        let place = usize::try_from(self.next() >> 33).ok()?.checked_rem(values.len())?;
        values.get(place).copied()
    }

    fn set<V: Copy>(&mut self, values: &[V], field: &mut V) {
        *field = self.pick(values).unwrap_or(*field);
    }

    fn change(&mut self, situation: &mut Situation) {
        match self.next() % 18 {
            0 => self.set(Reader::ALL, &mut situation.reader),
            1 => self.set(Role::ALL, &mut situation.role),
            2 => self.set(Unit::ALL, &mut situation.unit),
            3 => self.set(&BOTH, &mut situation.customer),
            4 => self.set(Kind::ALL, &mut situation.from),
            5 => self.set(Kind::ALL, &mut situation.to),
            6 => self.set(&BOTH, &mut situation.agreement),
            7 => self.set(&PURPOSES, &mut situation.purpose),
            8 => self.set(&categories(), &mut situation.category),
            9 => self.set(&AGES, &mut situation.age),
            10 => self.set(&CAPACITIES, &mut situation.capacity),
            11 => self.set(&BOTH, &mut situation.turvakielto),
            12 => self.set(&BOTH, &mut situation.multi_sector_customer),
            13 => self.set(&GROUNDS, &mut situation.ground),
            14 => self.set(&[[None, None], EXPLICIT, EXPLICIT_OF_GUARDIAN], &mut situation.consents),
            15 => self.set(Scope::ALL, &mut situation.prohibition),
            16 => self.set(Home::ALL, &mut situation.home),
            _ => self.set(Day::ALL, &mut situation.day),
        }
    }
}
